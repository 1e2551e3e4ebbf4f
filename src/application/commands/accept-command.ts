import { isVisible, noSuchVehicle, requireOrderedVehicle, requireRole } from '../access/visibility.js';
import type { Catalogue } from '../catalogue/catalogue.js';
import type { UserActor } from '../domain/actor.js';
import type { CommandType } from '../domain/command-type.js';
import type { Safety } from '../domain/safety.js';
import { Command, type OfflinePolicy } from '../domain/command.js';
import { ApplicationError, type InputComplaint } from '../domain/errors.js';
import { inputComplaints } from '../domain/input-complaints.js';
import type { Json, JsonObject } from '../domain/json.js';
import { includesRole } from '../domain/user.js';
import type { Vehicle } from '../domain/vehicle.js';
import type { Clock } from '../ports/clock.js';
import type { ClaimedCommand, Lease } from '../ports/command-queue.js';
import type { DispatchSignals } from '../ports/dispatch-signals.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { Work } from '../ports/unit-of-work.js';
import { eventsOf, type AnnounceStep } from '../record/announce-step.js';
import type { AuditAct } from '../record/audit-act.js';
import { dispatcherName } from '../record/record-end.js';
import { findAccepted, fingerprint } from './idempotency.js';

/** What accepting commands needs. */
export interface AcceptanceDependencies {
  readonly clock: Clock;
  readonly identifiers: Identifiers;
  readonly dispatchSignals: DispatchSignals;
  readonly audit: AuditAct;
  readonly announce: AnnounceStep;
}

/** An order as it was asked for. */
export interface SubmitCommandInput {
  readonly vehicleId: string;
  readonly name: string;
  readonly parameters: Json;
  /** 1 to 3600, from the start of the execution. */
  readonly timeoutSeconds: number | undefined;
  /** From acceptance. */
  readonly expiresInSeconds: number | undefined;
  readonly whenOffline: OfflinePolicy | undefined;
  readonly idempotencyKey: string | undefined;
}

/** An accepted command, and whether it was accepted by an earlier request with the same key. */
export interface Submission {
  readonly command: Command;
  readonly isReplay: boolean;
}

/** What is ordered, as the catalogue knows it. */
export interface Order {
  readonly input: SubmitCommandInput;
  readonly type: CommandType;
  readonly parameters: JsonObject;
  readonly safety: Safety;
}

const defaultTimeoutSeconds = 30;
const defaultExpirySeconds: Readonly<Record<Safety, number>> = { safe: 3600, idempotent: 60, unsafe: 60 };

/** What came of an order. */
export interface Acceptance {
  readonly submission: Submission;
  /** Given if it is stored under the lease. */
  readonly claimed: ClaimedCommand | undefined;
}

/**
 * Accepts an order, in a unit of work: durable and audited when the unit commits. With a lease it is stored under that, as in
 * progress, if no other command of its vehicle waits or is in progress.
 */
export function acceptCommand({ clock, identifiers, dispatchSignals, audit, announce }: AcceptanceDependencies) {
  return async (
    work: Work,
    actor: UserActor,
    { input, type, parameters, safety }: Order,
    lease: Lease | undefined,
  ): Promise<Acceptance> => {
    const now = clock.now();
    const whenOffline = input.whenOffline ?? (safety === 'safe' ? 'queue' : 'fail');
    const timeoutSeconds = input.timeoutSeconds ?? defaultTimeoutSeconds;
    const expiresInSeconds = input.expiresInSeconds ?? defaultExpirySeconds[safety];
    const { vehicleId, idempotencyKey } = input;
    let requestHash: string | undefined;
    if (idempotencyKey !== undefined) {
      const request = { vehicleId, name: type.name, parameters, whenOffline, timeoutSeconds, expiresInSeconds };
      requestHash = fingerprint(request);
      const accepted = await findAccepted(work, actor, idempotencyKey, requestHash, now);
      if (accepted !== undefined) {
        if (!isVisible(actor, accepted.memberRole)) throw noSuchVehicle();
        requireRole(actor, accepted.memberRole, type.role);
        return { submission: { command: accepted.item, isReplay: true }, claimed: undefined };
      }
    }
    const ordered = await requireOrderedVehicle(work, actor, vehicleId, type.role);
    const { vehicle } = ordered;
    refuseWhatCannotRun(vehicle, safety, whenOffline, now);
    const { command, transition } = Command.submit(
      {
        id: identifiers.next(),
        userId: actor.userId,
        vehicleId: vehicle.id,
        name: type.name,
        parameters,
        safety,
        idempotencyKey,
        requestHash,
        whenOffline,
        timeoutSeconds,
        expiresAt: new Date(now.getTime() + expiresInSeconds * 1000),
        submittedAt: now,
      },
      actor.username,
    );
    work.auditLog.append(
      audit(actor, {
        action: 'command.submit',
        entityType: 'command',
        entityId: command.id,
        vehicleId: vehicle.id,
        commandId: command.id,
        outcome: 'success',
        details: { command_name: type.name, safety },
      }),
    );
    if (lease === undefined || !ordered.isIdle) {
      work.commands.add(command, transition);
      announce(work, { after: command, transitions: [transition], responses: [] });
      work.afterCommit(() => dispatchSignals.send({ kind: 'wake' }));
      return { submission: { command, isReplay: false }, claimed: undefined };
    }
    const claim = command.claim({ at: now, actor: dispatcherName, reason: 'claimed' });
    const transitions = [transition, ...claim.transitions];
    work.commandQueue.addLeased(claim.after, transitions, lease);
    announce(work, { after: claim.after, transitions, responses: [] });
    return {
      submission: { command: claim.after, isReplay: false },
      claimed: { command: claim.after, vehicle: ordered, events: eventsOf({ transitions, responses: [] }) },
    };
  };
}

/** Throws `invalid-request` with pointers, or `role-insufficient` for the account as such. */
export function resolveOrder(catalogue: Catalogue, actor: UserActor, input: SubmitCommandInput): Order {
  const type = catalogue.find(input.name);
  if (type === undefined) {
    const names = catalogue.all().map((known) => known.name);
    throw invalid([{ pointer: '/command_name', message: `is not a command type; use one of ${names.join(', ')}` }]);
  }
  if (!includesRole(actor.role, type.role)) {
    throw new ApplicationError('role-insufficient', `The command ${type.name} needs the role ${type.role}.`);
  }
  const parsed = type.parameters.safeParse(input.parameters);
  if (!parsed.success) throw invalid(inputComplaints(parsed.error, '/command_params'));
  const safety = typeof type.safety === 'function' ? type.safety(parsed.data) : type.safety;
  return { input, type, parameters: parsed.data as JsonObject, safety };
}

function invalid(complaints: readonly InputComplaint[]): ApplicationError {
  return new ApplicationError('invalid-request', 'The command is not valid.', { complaints });
}

function refuseWhatCannotRun(vehicle: Vehicle, safety: Safety, whenOffline: OfflinePolicy, now: Date): void {
  if (vehicle.retiredAt !== undefined) {
    throw new ApplicationError('vehicle-retired', 'The vehicle is retired and takes no commands.');
  }
  if (safety === 'unsafe' && whenOffline === 'queue') {
    throw new ApplicationError(
      'queueing-not-allowed',
      'A command that does something each time must not wait for the vehicle: it could start when nobody expects it. Use "when_offline": "fail".',
    );
  }
  if (whenOffline === 'fail' && vehicle.isKnownToBeAway(now)) {
    throw new ApplicationError('vehicle-offline', 'The vehicle did not answer when it was last spoken to.', {
      extensions: {
        last_seen_at: vehicle.lastSeenAt?.toISOString() ?? null,
        connection_status: vehicle.connectionStatus,
      },
    });
  }
}
