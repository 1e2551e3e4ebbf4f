import { ApplicationError, type InputComplaint } from '../domain/errors.js';
import type { UserActor } from '../domain/actor.js';
import { Vehicle, type VehicleDescription } from '../domain/vehicle.js';
import type { Clock } from '../ports/clock.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { UnitsOfWork, Work } from '../ports/unit-of-work.js';
import type { VehicleAddresses } from '../ports/vehicle-addresses.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly clock: Clock;
  readonly identifiers: Identifiers;
  readonly audit: AuditAct;
  readonly vehicleAddresses: VehicleAddresses;
}

/** A line of a file: those of its fields that could be read. Without complaints about it that is all of them. */
export interface ImportedLine {
  /** Counted from 1, the header included. */
  readonly number: number;
  readonly fields: Partial<VehicleDescription>;
}

/** A file of vehicles, and what is wrong with it so far. */
export interface ImportedFile {
  readonly lines: readonly ImportedLine[];
  readonly complaints: readonly InputComplaint[];
}

/** What came of an import. */
export interface Import {
  readonly vehicleCount: number;
  readonly isDryRun: boolean;
}

/** More complaints help nobody. */
const maxComplaints = 100;

/** What the database refuses when the registry changed between the check of a file and its import. */
const overtakenCodes: ReadonlySet<string> = new Set(['vin-taken', 'fleet-not-found']);

const overtaken: InputComplaint = { pointer: '', message: 'The registry changed meanwhile. Send the file again.' };

/** How many vehicles go into one statement. */
const storedAtOnce = 500;

/**
 * Registers all vehicles of a file, or none: everything that is wrong is told at once, by line and column, as
 * `invalid-request`, also a VIN that somebody else registers at the same moment. Each vehicle is on record as if it had been
 * registered by itself. A dry run checks everything and stores nothing.
 */
export function importVehicles(dependencies: Dependencies) {
  const { clock, identifiers, audit, vehicleAddresses } = dependencies;
  return async (units: UnitsOfWork, actor: UserActor, file: ImportedFile, isDryRun: boolean): Promise<Import> => {
    const complaints = [
      ...file.complaints,
      ...complainOfAddresses(vehicleAddresses, file.lines),
      ...complainOfRepeatedVins(file.lines),
      ...(await units.withUnit('read', (work) => complainOfRegistry(work, file.lines))),
    ];
    if (complaints.length > 0) throw notImported(complaints);
    const descriptions = file.lines.map(({ fields }) => fields as VehicleDescription);
    if (!isDryRun) await registerAll(units, actor, file.lines, descriptions);
    return { vehicleCount: descriptions.length, isDryRun };
  };

  async function registerAll(
    units: UnitsOfWork,
    actor: UserActor,
    lines: readonly ImportedLine[],
    descriptions: readonly VehicleDescription[],
  ): Promise<void> {
    try {
      await units.withUnit('write', (work) => register(work, actor, descriptions));
    } catch (error) {
      if (!(error instanceof ApplicationError) || !overtakenCodes.has(error.code)) throw error;
      const complaints = await units.withUnit('read', (work) => complainOfRegistry(work, lines));
      throw notImported(complaints.length > 0 ? complaints : [overtaken]);
    }
  }

  function register(work: Work, actor: UserActor, descriptions: readonly VehicleDescription[]): Promise<void> {
    const now = clock.now();
    for (let start = 0; start < descriptions.length; start += storedAtOnce) {
      const vehicles = descriptions
        .slice(start, start + storedAtOnce)
        .map((description) => Vehicle.register(identifiers.next(), description, now));
      work.vehicles.addAll(vehicles);
      for (const { id, vin } of vehicles) {
        work.auditLog.append(
          audit(actor, {
            action: 'vehicle.register',
            entityType: 'vehicle',
            entityId: id,
            vehicleId: id,
            outcome: 'success',
            details: { vin, is_imported: true },
          }),
        );
      }
    }
    const details = { vehicle_count: descriptions.length };
    work.auditLog.append(
      audit(actor, { action: 'vehicle.import', entityType: 'vehicle', outcome: 'success', details }),
    );
    return Promise.resolve();
  }
}

function complainOfAddresses(addresses: VehicleAddresses, lines: readonly ImportedLine[]): readonly InputComplaint[] {
  return lines.flatMap(({ number, fields: { sovdBaseUrl } }) => {
    const message = sovdBaseUrl === undefined ? undefined : addresses.objectionTo(sovdBaseUrl);
    return message === undefined ? [] : [{ pointer: `/lines/${number}/sovd_base_url`, message }];
  });
}

function complainOfRepeatedVins(lines: readonly ImportedLine[]): readonly InputComplaint[] {
  const firstLines = new Map<string, number>();
  return lines.flatMap(({ number, fields: { vin } }) => {
    if (vin === undefined) return [];
    const first = firstLines.get(vin);
    if (first === undefined) {
      firstLines.set(vin, number);
      return [];
    }
    return [{ pointer: `/lines/${number}/vin`, message: `stands in line ${first} already` }];
  });
}

async function complainOfRegistry(
  work: Pick<Work, 'vehicles' | 'fleets'>,
  lines: readonly ImportedLine[],
): Promise<readonly InputComplaint[]> {
  const vins = lines.flatMap(({ fields: { vin } }) => vin ?? []);
  const fleetIds = lines.flatMap(({ fields: { fleetId } }) => fleetId ?? []);
  if (lines.length === 0) return [];
  const registered = new Set(await work.vehicles.findRegistered(vins));
  const fleets = new Set(await work.fleets.findExisting([...new Set(fleetIds)]));
  return lines.flatMap(({ number, fields: { vin, fleetId } }) => [
    ...(vin !== undefined && registered.has(vin)
      ? [{ pointer: `/lines/${number}/vin`, message: 'is registered already' }]
      : []),
    ...(fleetId !== undefined && !fleets.has(fleetId)
      ? [{ pointer: `/lines/${number}/fleet_id`, message: 'is not a fleet' }]
      : []),
  ]);
}

function notImported(complaints: readonly InputComplaint[]): ApplicationError {
  const inOrder = complaints.toSorted((one, other) => lineOf(one) - lineOf(other));
  const more =
    complaints.length > maxComplaints ? `, of which the first ${maxComplaints} are in errors` : '; see errors';
  const count = complaints.length === 1 ? 'One thing is' : `${complaints.length} things are`;
  return new ApplicationError('invalid-request', `Nothing was imported. ${count} wrong in the file${more}.`, {
    complaints: inOrder.slice(0, maxComplaints),
  });
}

function lineOf({ pointer }: InputComplaint): number {
  return Number(/^\/lines\/(\d+)/u.exec(pointer)?.[1] ?? 0);
}
