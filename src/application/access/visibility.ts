import type { KnownActor } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';
import { roleOnVehicle, type Fleet, type MemberRole } from '../domain/fleet.js';
import { includesRole, type Role } from '../domain/user.js';
import type { Vehicle } from '../domain/vehicle.js';
import type { VehicleScope, Visible } from '../domain/visibility-scope.js';
import type { VehicleStatus } from '../domain/vehicle-status.js';
import type { Work } from '../ports/unit-of-work.js';
import type { OrderedVehicle } from '../ports/vehicle-repository.js';

/*
 * The one place that decides who may see what. The role of an account is the ceiling, the membership of a vehicle's fleet
 * decides below it, and an admin sees everything. What lies outside does not exist for the actor: 404, never 403.
 */

/** Which vehicles an actor may see, and so which commands. Lists carry the answer into their queries. */
export function visibleVehicles(actor: KnownActor): VehicleScope {
  if (actor.kind === 'service' || actor.role === 'admin') return { kind: 'all' };
  return { kind: 'member', userId: actor.userId };
}

/** Whether an actor may see every vehicle and command that there is, whatever changes in its fleets. */
export function seesEverything(actor: KnownActor): boolean {
  return visibleVehicles(actor).kind === 'all';
}

/**
 * The vehicle, if it exists and the actor may see it; else `vehicle-not-found`, whichever it is. Throws `role-insufficient`
 * when the actor holds less than the role that is needed on it.
 */
export async function requireVehicle(
  work: Pick<Work, 'vehicles'>,
  actor: KnownActor,
  vehicleId: string,
  needed: Role = 'viewer',
): Promise<Vehicle> {
  const found = await work.vehicles.loadVisible(vehicleId, visibleVehicles(actor));
  if (found === undefined) throw noSuchVehicle();
  requireRole(actor, found.memberRole, needed);
  return found.item;
}

/** As `requireVehicle`, for somebody who has an order for it. */
export async function requireOrderedVehicle(
  work: Pick<Work, 'vehicles'>,
  actor: KnownActor,
  vehicleId: string,
  needed: Role,
): Promise<OrderedVehicle> {
  const found = await work.vehicles.loadOrdered(vehicleId, visibleVehicles(actor));
  if (found === undefined) throw noSuchVehicle();
  requireRole(actor, found.memberRole, needed);
  return found.item;
}

/** What is going on with a vehicle that the actor may see; else `vehicle-not-found`. */
export async function requireVehicleStatus(
  work: Pick<Work, 'vehicles'>,
  actor: KnownActor,
  vehicleId: string,
): Promise<VehicleStatus> {
  const status = await work.vehicles.loadStatus(vehicleId, visibleVehicles(actor));
  if (status === undefined) throw noSuchVehicle();
  return status;
}

/**
 * The command, if it exists and the actor may see its vehicle; else `command-not-found`, whichever it is. Throws
 * `role-insufficient` when the actor holds less than the role that is needed on the vehicle.
 */
export async function requireCommand(
  work: Pick<Work, 'commands'>,
  actor: KnownActor,
  commandId: string,
  needed: Role = 'viewer',
): Promise<Command> {
  const found = await work.commands.loadVisible(commandId, visibleVehicles(actor));
  if (found === undefined) throw new ApplicationError('command-not-found', 'There is no such command.');
  requireRole(actor, found.memberRole, needed);
  return found.item;
}

/** The fleet with the actor's role in it, if it exists and the actor may see it; else `fleet-not-found`, whichever it is. */
export async function requireFleet(
  work: Pick<Work, 'fleets'>,
  actor: KnownActor,
  fleetId: string,
): Promise<Visible<Fleet>> {
  const found = await work.fleets.loadVisible(fleetId, visibleVehicles(actor));
  if (found === undefined) throw new ApplicationError('fleet-not-found', 'There is no such fleet.');
  return found;
}

/** Whether an actor may see a vehicle in whose fleet they have this role as a member, or none. */
export function isVisible(actor: KnownActor, memberRole: MemberRole | undefined): boolean {
  return heldRole(actor, memberRole) !== undefined;
}

/** Throws `role-insufficient` when the actor holds less than the role that is needed on a vehicle that they may see. */
export function requireRole(actor: KnownActor, memberRole: MemberRole | undefined, needed: Role): void {
  const held = heldRole(actor, memberRole);
  if (held !== undefined && includesRole(held, needed)) return;
  throw new ApplicationError('role-insufficient', `This needs the role ${needed} in the fleet of the vehicle.`);
}

/** What is said of a vehicle that does not exist, or not for the actor. */
export function noSuchVehicle(): ApplicationError {
  return new ApplicationError('vehicle-not-found', 'There is no such vehicle.');
}

function heldRole(actor: KnownActor, memberRole: MemberRole | undefined): Role | undefined {
  return actor.kind === 'service' ? 'admin' : roleOnVehicle(actor.role, memberRole);
}
