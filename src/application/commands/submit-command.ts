import { isVisible, noSuchVehicle, requireRole, requireVehicle } from '../access/visibility.js';
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
import type { DispatchSignals } from '../ports/dispatch-signals.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AnnounceStep } from '../record/announce-step.js';
import type { AuditAct } from '../record/audit-act.js';
import { findAccepted, fingerprint } from './idempotency.js';

interface Dependencies {
  readonly catalogue: Catalogue;
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

const defaultTimeoutSeconds = 30;
const defaultExpirySeconds: Readonly<Record<Safety, number>> = { safe: 3600, idempotent: 60, unsafe: 60 };

/**
 * Accepts a command for a vehicle: durable and audited when the unit commits, dispatched after that.
 * Throws `invalid-request` with pointers, `role-insufficient`, `vehicle-not-found`, `vehicle-retired`, `vehicle-offline`,
 * `queueing-not-allowed` or `idempotency-key-reused`.
 */
export function submitCommand(dependencies: Dependencies) {
  const { catalogue, clock, identifiers, dispatchSignals, audit, announce } = dependencies;
  return async (
    work: Pick<Work, 'vehicles' | 'commands' | 'auditLog' | 'afterCommit'>,
    actor: UserActor,
    input: SubmitCommandInput,
  ): Promise<Submission> => {
    const { type, parameters, safety } = resolve(catalogue, actor, input);
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
        return { command: accepted.item, isReplay: true };
      }
    }
    const vehicle = await requireVehicle(work, actor, vehicleId, type.role);
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
    work.commands.add(command, transition);
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
    announce(work, { after: command, transitions: [transition], responses: [] });
    work.afterCommit(() => dispatchSignals.send({ kind: 'wake' }));
    return { command, isReplay: false };
  };
}

interface Resolved {
  readonly type: CommandType;
  readonly parameters: JsonObject;
  readonly safety: Safety;
}

function resolve(catalogue: Catalogue, actor: UserActor, input: SubmitCommandInput): Resolved {
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
  return { type, parameters: parsed.data as JsonObject, safety };
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
