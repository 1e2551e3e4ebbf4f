import { expect } from 'chai';

import { commandStatuses, isFinal, isLegalMove, type CommandStatus } from '#application/domain/command-state.js';
import { Command, type Move } from '#application/domain/command.js';
import { ApplicationError } from '#application/domain/errors.js';
import type { Response } from '#application/domain/response.js';
import type { Safety } from '#application/domain/safety.js';

const submittedAt = new Date('2026-01-01T10:00:00Z');
const later = new Date('2026-01-01T10:00:05Z');
const evenLater = new Date('2026-01-01T10:00:09Z');
const finalStatuses: readonly CommandStatus[] = ['completed', 'failed', 'cancelled', 'expired', 'outcome_unknown'];

function submitted(safety: Safety = 'safe'): Command {
  const fields = {
    id: 'c-1',
    userId: 'u-1',
    vehicleId: 'v-1',
    name: 'read-data',
    parameters: {},
    safety,
    idempotencyKey: undefined,
    requestHash: undefined,
    whenOffline: 'queue',
    timeoutSeconds: 30,
    expiresAt: new Date('2026-01-01T11:00:00Z'),
    submittedAt,
  } as const;
  return Command.submit(fields, 'anna').command;
}

function inStatus(status: CommandStatus): Command {
  return Command.fromRecord({ ...submitted().record, status });
}

function move(to: CommandStatus, changes: Partial<Move> = {}): Move {
  return { to, at: later, actor: 'dispatcher', reason: 'answered', ...changes };
}

function response(sequenceNumber: number, eventNumber: number): Response {
  const payload = {
    request: { method: 'GET', path: 'x' } as const,
    status: 200,
    mediaType: undefined,
    body: { encoding: 'none' } as const,
    result: undefined,
  };
  const subject = `data/${sequenceNumber}`;
  return {
    id: `r-${sequenceNumber}`,
    commandId: 'c-1',
    sequenceNumber,
    eventNumber,
    receivedAt: later,
    subject,
    payload,
    isFinal: false,
  };
}

describe('the states of a command', () => {
  const legal = new Set([
    ...['pending>in_progress', 'pending>cancelled', 'pending>expired'],
    ...['in_progress>in_progress', 'in_progress>pending', 'in_progress>completed', 'in_progress>failed'],
    ...['in_progress>cancelled', 'in_progress>outcome_unknown'],
    ...['outcome_unknown>completed', 'outcome_unknown>failed'],
  ]);

  for (const from of commandStatuses) {
    for (const to of commandStatuses) {
      const isLegal = legal.has(`${from}>${to}`);
      it(`${from} to ${to}: ${isLegal ? 'is a move' : 'is refused'}`, () => {
        expect(isLegalMove(from, to)).to.equal(isLegal);
        const command = inStatus(from);
        if (isLegal) {
          expect(command.move(move(to)).after.status).to.equal(to);
          return;
        }
        expect(() => command.move(move(to))).to.throw();
      });
    }
  }

  it('a command that has ended: says so to whoever wants to move it, and tells its state', () => {
    for (const status of ['completed', 'failed', 'cancelled', 'expired'] as const) {
      let thrown: unknown;
      try {
        inStatus(status).move(move('completed'));
      } catch (error) {
        thrown = error;
      }
      expect(thrown).to.be.instanceOf(ApplicationError);
      expect(thrown).to.include({ code: 'command-already-final' });
      expect((thrown as ApplicationError).extensions).to.deep.equal({ command_status: status });
    }
  });

  it('a move that no rule knows: is a mistake of ours, not an answer to a client', () => {
    expect(() => inStatus('pending').move(move('completed')))
      .to.throw(Error, 'cannot go from pending to completed')
      .and.not.instanceOf(ApplicationError);
  });

  it('isFinal: all but pending and in_progress', () => {
    expect(commandStatuses.filter(isFinal)).to.have.members([...finalStatuses]);
  });
});

describe('Command', () => {
  it('submit: waits, with one event, and holds no lease', () => {
    const { record } = submitted();
    expect(record).to.include({ status: 'pending', attempts: 0, lastEventNumber: 1, responseCount: 0, leaseNumber: 0 });
    expect(record.startedAt).to.equal(undefined);
  });

  it('claim: starts, counts the attempt and takes the next lease number', () => {
    const step = submitted().claim({ at: later, actor: 'dispatcher', reason: 'claimed' });
    expect(step.before.record.leaseNumber).to.equal(0);
    expect(step.after.record).to.include({ status: 'in_progress', attempts: 1, leaseNumber: 1, lastEventNumber: 2 });
    expect(step.after.record.startedAt).to.equal(later);
    expect(step.transitions).to.deep.equal([
      {
        ...{ commandId: 'c-1', eventNumber: 2, from: 'pending', to: 'in_progress' },
        ...{ occurredAt: later, actor: 'dispatcher', reason: 'claimed' },
      },
    ]);
  });

  it('claim of what is in progress: keeps the time of the start and raises the lease number again', () => {
    const first = submitted().claim({ at: later, actor: 'dispatcher', reason: 'claimed' }).after;
    const second = first.claim({ at: evenLater, actor: 'dispatcher', reason: 'taken-over' }).after;
    expect(second.record).to.include({ leaseNumber: 2, attempts: 2, lastEventNumber: 3 });
    expect(second.record.startedAt).to.equal(later);
  });

  it('claim of what has ended: is refused', () => {
    for (const status of finalStatuses) {
      expect(() => inStatus(status).claim({ at: later, actor: 'dispatcher', reason: 'claimed' })).to.throw();
    }
  });

  it('receive: counts responses and events, and leaves the state as it is', () => {
    const running = submitted().claim({ at: later, actor: 'dispatcher', reason: 'claimed' }).after;
    const step = running.receive([response(0, 3), response(1, 4)]);
    expect(step.after.record).to.include({ status: 'in_progress', responseCount: 2, lastEventNumber: 4, attempts: 1 });
    expect(step.transitions).to.deep.equal([]);
    expect(step.responses).to.have.length(2);
  });

  it('move with responses: the transition comes after them', () => {
    const running = submitted().claim({ at: later, actor: 'dispatcher', reason: 'claimed' }).after;
    const step = running.move(move('completed', { at: evenLater }), [response(0, 3), response(1, 4)]);
    expect(step.transitions.map(({ eventNumber }) => eventNumber)).to.deep.equal([5]);
    expect(step.after.record).to.include({ status: 'completed', responseCount: 2, lastEventNumber: 5 });
    expect(step.after.record.completedAt).to.equal(evenLater);
    expect(step.after.record.startedAt).to.equal(later);
  });

  it('move with an error: keeps code and message, and a later move without one clears them', () => {
    const error = { code: 'vehicle-timeout', message: 'It was silent.' } as const;
    const running = submitted('unsafe').claim({ at: later, actor: 'dispatcher', reason: 'claimed' }).after;
    const unknown = running.move(move('outcome_unknown', { reason: 'vehicle-timeout', error })).after;
    expect(unknown.record).to.include({ errorCode: 'vehicle-timeout', errorMessage: 'It was silent.' });
    expect(unknown.isFinal).to.equal(true);
    const settled = unknown.move(move('completed', { reason: 'late-answer' })).after;
    expect(settled.record.errorCode).to.equal(undefined);
    expect(() => settled.move(move('failed'))).to.throw(ApplicationError);
  });

  it('move back to pending: forgets the start, keeps the attempt and says when to try again', () => {
    const running = submitted().claim({ at: later, actor: 'dispatcher', reason: 'claimed' }).after;
    const step = running.move(move('pending', { reason: 'vehicle-offline', notBefore: evenLater }));
    expect(step.after.record).to.include({ status: 'pending', attempts: 1, leaseNumber: 1 });
    expect(step.after.record.startedAt).to.equal(undefined);
    expect(step.after.record.completedAt).to.equal(undefined);
    expect(step.after.record.notBefore).to.equal(evenLater);
    const again = step.after.claim({ at: evenLater, actor: 'dispatcher', reason: 'claimed' }).after;
    expect(again.record).to.include({ attempts: 2, leaseNumber: 2 });
    expect(again.record.notBefore).to.equal(undefined);
  });

  it('remark: is an event of its own that leaves everything else as it is', () => {
    const running = submitted('idempotent').claim({ at: later, actor: 'dispatcher', reason: 'claimed' }).after;
    const step = running.remark('cancel-refused', evenLater, 'dispatcher');
    expect(step.after.record).to.deep.equal({ ...running.record, lastEventNumber: 3 });
    expect(step.transitions).to.deep.equal([
      {
        ...{ commandId: 'c-1', eventNumber: 3, from: 'in_progress', to: 'in_progress' },
        ...{ occurredAt: evenLater, actor: 'dispatcher', reason: 'cancel-refused' },
      },
    ]);
  });

  it('asAccepted: what was first answered, however the command ended', () => {
    const fresh = submitted();
    const ended = fresh
      .claim({ at: later, actor: 'dispatcher', reason: 'claimed' })
      .after.move(move('completed')).after;
    expect({ ...ended.asAccepted().record, leaseNumber: 0 }).to.deep.equal(fresh.record);
  });

  it('changesVehicle: all but what is safe', () => {
    expect(submitted('safe').changesVehicle).to.equal(false);
    expect(submitted('idempotent').changesVehicle).to.equal(true);
    expect(submitted('unsafe').changesVehicle).to.equal(true);
  });

  it('holdsKey: for 24 hours', () => {
    const hours = (count: number): Date => new Date(submittedAt.getTime() + count * 3_600_000);
    expect(submitted().holdsKey(new Date(hours(24).getTime() - 1))).to.equal(true);
    expect(submitted().holdsKey(hours(24))).to.equal(false);
  });
});
