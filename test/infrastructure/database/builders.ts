import { randomBytes } from 'node:crypto';

import type { Actor } from '#application/domain/actor.js';
import type { AuditEntry } from '#application/domain/audit-entry.js';
import { Command, type CommandRecord, type Transition } from '#application/domain/command.js';
import { defaultFleetId } from '#application/domain/fleet.js';
import type { Response } from '#application/domain/response.js';
import { Session, type SessionRecord } from '#application/domain/session.js';
import { User, type UserRecord } from '#application/domain/user.js';
import { Vehicle, type VehicleRecord } from '#application/domain/vehicle.js';
import type { UnitsOfWork, Work } from '#application/ports/unit-of-work.js';
import { uuidV7Identifiers } from '#infrastructure/system.js';

/** The service as an actor. */
export const service: Actor = { kind: 'service', name: 'test' };

/** A new id. */
export function newId(): string {
  return uuidV7Identifiers.next();
}

/** An account that no other test has. */
export function aUser(changes: Partial<UserRecord> = {}): User {
  const id = newId();
  return User.fromRecord({
    id,
    username: `user-${id}`,
    email: `user-${id}@example.com`,
    passwordHash: 'a hash',
    role: 'engineer',
    isActive: true,
    accessVersion: 0,
    createdAt: new Date(),
    updatedAt: new Date(),
    ...changes,
  });
}

/** The first session of a login. */
export function aSession(userId: string, changes: Partial<SessionRecord> = {}): Session {
  const id = newId();
  const fields = { id, userId, refreshTokenHash: aHash(), ipAddress: undefined, userAgent: undefined };
  return Session.fromRecord(Object.assign({}, Session.open(fields, new Date()), changes));
}

/** What the hash of a refresh token looks like. */
export function aHash(): string {
  return randomBytes(32).toString('hex');
}

/** A vehicle that no other test has. */
export function aVehicle(changes: Partial<VehicleRecord> = {}): Vehicle {
  const id = newId();
  const description = {
    vin: aVin(),
    make: 'Meridian',
    model: 'Tourer',
    modelYear: 2024,
    sovdBaseUrl: 'https://car.example/sovd/v1',
    metadata: {},
    fleetId: defaultFleetId,
  };
  return Vehicle.fromRecord(Object.assign({}, Vehicle.register(id, description, new Date()), changes));
}

/** A VIN out of digits, by chance. */
export function aVin(): string {
  const digits = [...randomBytes(17)].map((byte) => String(byte % 10));
  return digits.join('');
}

/** A new command for a vehicle, with its first transition. */
export function aCommand(
  fleet: Pick<Fleet, 'userId' | 'vehicleId'>,
  changes: Partial<CommandRecord> = {},
): { readonly command: Command; readonly transition: Transition } {
  const submittedAt = changes.submittedAt ?? new Date();
  return Command.submit(
    {
      id: newId(),
      userId: fleet.userId,
      vehicleId: fleet.vehicleId,
      name: 'read-data',
      parameters: {},
      safety: 'safe',
      idempotencyKey: undefined,
      requestHash: undefined,
      whenOffline: 'queue',
      timeoutSeconds: 30,
      expiresAt: new Date(submittedAt.getTime() + 3_600_000),
      ...changes,
      submittedAt,
    },
    'test',
  );
}

/** The next responses of a command, as an execution numbers them. */
export function responsesOf({ record }: Command, count: number): readonly Response[] {
  return Array.from({ length: count }, (_, index) => ({
    id: newId(),
    commandId: record.id,
    sequenceNumber: record.responseCount + index,
    eventNumber: record.lastEventNumber + 1 + index,
    subject: `data/item-${record.responseCount + index}`,
    payload: {
      request: { method: 'GET', path: 'components/engine/data' },
      status: 200,
      mediaType: 'application/json',
      body: { encoding: 'json', value: { number: index } },
      result: { number: index },
    },
    isFinal: false,
    receivedAt: new Date(),
  }));
}

/** A line for the audit log. */
export function anAuditEntry(changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: newId(),
    occurredAt: new Date(),
    actor: service,
    action: 'command.submit',
    entityType: 'command',
    entityId: undefined,
    vehicleId: undefined,
    commandId: undefined,
    outcome: 'success',
    details: {},
    ...changes,
  };
}

/** Notes changes in a unit of their own, and commits it. */
export async function store(units: UnitsOfWork, note: (work: Work) => void): Promise<void> {
  await units.withUnit('write', (work) => {
    note(work);
    return Promise.resolve();
  });
}

/** A user with vehicles, stored. */
export interface Fleet {
  readonly userId: string;
  /** The first of them. */
  readonly vehicleId: string;
  readonly vehicleIds: readonly string[];
}

/** Stores a user and vehicles. */
export async function storeFleet(units: UnitsOfWork, vehicleCount = 1): Promise<Fleet> {
  const user = aUser();
  const first = aVehicle();
  const vehicles = [first, ...Array.from({ length: vehicleCount - 1 }, () => aVehicle())];
  await store(units, (work) => {
    work.users.add(user);
    for (const vehicle of vehicles) work.vehicles.add(vehicle);
  });
  return { userId: user.id, vehicleId: first.id, vehicleIds: vehicles.map((vehicle) => vehicle.id) };
}

/** Stores a command in the state `pending`. */
export async function storeCommand(
  units: UnitsOfWork,
  fleet: Pick<Fleet, 'userId' | 'vehicleId'>,
  changes: Partial<CommandRecord> = {},
): Promise<Command> {
  const { command, transition } = aCommand(fleet, changes);
  await store(units, (work) => work.commands.add(command, transition));
  return command;
}

/** A text that would be something else if it were put into a statement. */
export const awkwardText = `O'Brien "quoted" \\ $1 ? :name %_ \u00e9\u{1f697}\n\ttab`;
