import type { Actor } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';
import type { Vehicle } from '../domain/vehicle.js';
import type { VehicleScope } from '../domain/visibility-scope.js';
import type { Work } from '../ports/unit-of-work.js';

/** Which vehicles an actor may see. The one place that decides it; lists carry the answer into their queries. */
export function visibleVehicles(_actor: Actor): VehicleScope {
  return { kind: 'all' };
}

/** The vehicle, if it exists and the actor may see it; else `vehicle-not-found`, whichever it is. */
export async function requireVehicle(work: Pick<Work, 'vehicles'>, actor: Actor, vehicleId: string): Promise<Vehicle> {
  const vehicle = await work.vehicles.load(vehicleId);
  if (vehicle === undefined || !isVisible(visibleVehicles(actor), vehicle.id)) {
    throw new ApplicationError('vehicle-not-found', 'There is no such vehicle.');
  }
  return vehicle;
}

/** The command, if it exists and the actor may see its vehicle; else `command-not-found`, whichever it is. */
export async function requireCommand(work: Pick<Work, 'commands'>, actor: Actor, commandId: string): Promise<Command> {
  const command = await work.commands.load(commandId);
  if (command === undefined || !isVisible(visibleVehicles(actor), command.record.vehicleId)) {
    throw new ApplicationError('command-not-found', 'There is no such command.');
  }
  return command;
}

function isVisible(scope: VehicleScope, vehicleId: string): boolean {
  return covers[scope.kind](vehicleId);
}

const covers: Readonly<Record<VehicleScope['kind'], (vehicleId: string) => boolean>> = { all: () => true };
