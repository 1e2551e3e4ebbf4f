import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { Command, type CommandStep } from '#application/domain/command.js';
import { ApplicationError, ConcurrentChange } from '#application/domain/errors.js';
import type { Vehicle } from '#application/domain/vehicle.js';
import type { Work } from '#application/ports/unit-of-work.js';

import {
  aCommand,
  aHash,
  anAuditEntry,
  aSession,
  aUser,
  aVehicle,
  newId,
  responsesOf,
  storeCommand,
  storeFleet,
  type Fleet,
} from './builders.js';
import { rejectionOf, useUnits } from './units.js';

describe('Changes at the same time', () => {
  const test = useUnits();
  const { database } = test;
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await storeFleet(test.units, 2);
  });

  async function claimed(): Promise<Command> {
    const command = await storeCommand(test.units, fleet);
    const step = command.claim({ at: new Date(), actor: 'test', reason: 'claimed' });
    await note((work) => work.commandQueue.lease(step, { owner: newId(), seconds: 60 }));
    return step.after;
  }

  /** Notes something in one unit and commits it, without another run. */
  async function note(task: (work: Work) => void): Promise<void> {
    const unit = test.units.open('write');
    try {
      task(unit);
      await unit.commit();
    } finally {
      await unit.close();
    }
  }

  async function rowsOf(commandId: string): Promise<unknown> {
    const [command] = await database.query('select * from commands where command_id = $1', [commandId]);
    const transitions = await database.query('select * from command_transitions where command_id = $1', [commandId]);
    const responses = await database.query('select * from responses where command_id = $1', [commandId]);
    return { command, transitions, responses };
  }

  function stepFrom(before: Command): CommandStep {
    return before.move({ to: 'completed', at: new Date(), actor: 'test', reason: 'answered' }, responsesOf(before, 2));
  }

  describe('advance', () => {
    const stale: readonly (readonly [string, (record: Command['record']) => Partial<Command['record']>])[] = [
      ['event number', (record) => ({ lastEventNumber: record.lastEventNumber - 1 })],
      ['state', () => ({ status: 'pending' })],
      ['lease number', (record) => ({ leaseNumber: record.leaseNumber - 1 })],
    ];
    for (const [what, change] of stale) {
      it(`of a command whose ${what} is another by now: is a ConcurrentChange and writes nothing at all`, async () => {
        const command = await claimed();
        const before = await rowsOf(command.id);
        const { record } = stepFrom(command).before;
        const step = { ...stepFrom(command), before: Command.fromRecord({ ...record, ...change(record) }) };
        // Numbers that nobody has: only the condition of the update can refuse this.
        const transitions = step.transitions.map((transition) => ({ ...transition, eventNumber: 100 }));
        const refused = note((work) => {
          work.commands.advance({ ...step, transitions });
          work.auditLog.append(anAuditEntry());
          work.afterCommit(() => expect.fail('the task ran'));
        });
        expect(await rejectionOf(refused)).to.be.instanceOf(ConcurrentChange);
        expect(await rowsOf(command.id)).to.deep.equal(before);
        expect(await database.query('select 1 from audit_logs')).to.deep.equal([]);
      });
    }

    it('of a command that is as it was: writes the state, the transition and the responses in one statement', async () => {
      const command = await claimed();
      const step = stepFrom(command);
      test.statements.forget();
      await note((work) => work.commands.advance(step));
      expect(test.statements.verbs()).to.deep.equal(['with']);
      const read = test.units.open('read');
      expect((await read.commands.load(command.id))?.record).to.deep.equal(step.after.record);
      expect(await read.commands.listResponses(command.id, 0, 10)).to.deep.equal(step.responses);
      expect((await read.commands.listTransitions(command.id, 0, 10)).slice(2)).to.deep.equal(step.transitions);
    });

    it('by twenty at once: one writes, nineteen are refused', async () => {
      const command = await claimed();
      const ends = await Promise.allSettled(
        Array.from({ length: 20 }, () => note((work) => work.commands.advance(stepFrom(command)))),
      );
      expect(ends.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      for (const end of ends) if (end.status === 'rejected') expect(end.reason).to.be.instanceOf(ConcurrentChange);
      expect(await database.query('select 1 from responses')).to.have.length(2);
    });
  });

  it('requestCancel: of a command that has ended, is a ConcurrentChange; a second wish keeps the time of the first', async () => {
    const command = await claimed();
    const at = new Date('2026-01-01T00:00:00Z');
    await note((work) => work.commands.requestCancel(command.id, at));
    await note((work) => work.commands.requestCancel(command.id, new Date()));
    const stored = await test.units.open('read').commands.load(command.id);
    expect(stored?.record.cancelRequestedAt).to.deep.equal(at);
    await note((work) => work.commands.advance(stepFrom(command)));
    const late = rejectionOf(note((work) => work.commands.requestCancel(command.id, at)));
    expect(await late).to.be.instanceOf(ConcurrentChange);
  });

  it('save: of a vehicle that was changed meanwhile, is a ConcurrentChange', async () => {
    const load = async (): Promise<Vehicle> =>
      (await test.units.open('read').vehicles.load(fleet.vehicleId)) ?? expect.fail('no vehicle');
    const [first, second] = [await load(), await load()];
    await note((work) => work.vehicles.save(first.change({ make: 'First' }, new Date())));
    const late = rejectionOf(note((work) => work.vehicles.save(second.change({ make: 'Second' }, new Date()))));
    expect(await late).to.be.instanceOf(ConcurrentChange);
    expect(await load()).to.include({ make: 'First', version: 2 });
  });

  describe('withUnit', () => {
    it('a ConcurrentChange that stays: runs the callback three times, then gives the error', async () => {
      const command = await claimed();
      const stale = stepFrom(Command.fromRecord({ ...command.record, leaseNumber: 0 }));
      let runs = 0;
      const error = await rejectionOf(
        test.units.withUnit('write', (work) => {
          runs += 1;
          work.commands.advance(stale);
          return Promise.resolve();
        }),
      );
      expect(error).to.be.instanceOf(ConcurrentChange);
      expect(runs).to.equal(3);
    });

    it('a ConcurrentChange that passes: runs again on a fresh unit, and only the last run counts', async () => {
      const units: unknown[] = [];
      const tasks: number[] = [];
      const result = await test.units.withUnit('write', async (work) => {
        units.push(work);
        const run = units.length;
        work.afterCommit(() => tasks.push(run));
        work.auditLog.append(anAuditEntry({ details: { run } }));
        await work.commandQueue.lockExpired(1);
        if (run < 3) throw new ConcurrentChange();
        return run;
      });
      expect(result).to.equal(3);
      expect(tasks).to.deep.equal([3]);
      expect(new Set(units).size).to.equal(3);
      expect(await database.query('select details from audit_logs')).to.deep.equal([{ details: { run: 3 } }]);
    });

    it('another error: does not run again', async () => {
      let runs = 0;
      await rejectionOf(
        test.units.withUnit('write', () => {
          runs += 1;
          return Promise.reject(new Error('broken'));
        }),
      );
      expect(runs).to.equal(1);
    });

    it('a deadlock: the victim runs as a whole again, and both succeed', async () => {
      const commands = [await storeCommand(test.units, fleet), await storeCommand(test.units, fleet)];
      const [first, second] = commands.map(({ id }) => id);
      if (first === undefined || second === undefined) throw new Error('There are no commands.');
      let runs = 0;
      let arrived = 0;
      const lockBoth = async (one: string, other: string): Promise<void> =>
        test.units.withUnit('write', async (work) => {
          runs += 1;
          work.auditLog.append(anAuditEntry());
          await work.commands.releaseIdempotencyKey(one);
          arrived += 1;
          // Both hold their first row before either asks for its second.
          while (arrived < 2) await sleep(1);
          await work.commands.releaseIdempotencyKey(other);
        });
      await Promise.all([lockBoth(first, second), lockBoth(second, first)]);
      expect(runs).to.be.at.least(3);
      expect(await database.query('select 1 from audit_logs')).to.have.length(2);
      const victims = test.statements.verbs().filter((verb) => verb === 'ROLLBACK');
      expect(victims).to.have.length(runs - 2);
    });
  });

  describe('a unique key', () => {
    it('fifty commands with the same idempotency key at once: store one, and all find it', async () => {
      const key = { idempotencyKey: 'key', requestHash: 'hash' };
      const ids = await Promise.all(
        Array.from({ length: 50 }, () =>
          test.units.withUnit('write', async (work) => {
            const known = await work.commands.findByIdempotencyKey(fleet.userId, 'key');
            if (known !== undefined) return known.item.id;
            const { command, transition } = aCommand(fleet, key);
            work.commands.add(command, transition);
            work.auditLog.append(anAuditEntry());
            return command.id;
          }),
        ),
      );
      expect(new Set(ids).size).to.equal(1);
      for (const table of ['commands', 'command_transitions', 'audit_logs']) {
        expect(await database.query(`select 1 from ${table}`), table).to.have.length(1);
      }
    });

    it('the same idempotency key of another user: is another key', async () => {
      const other = await storeFleet(test.units);
      const key = { idempotencyKey: 'key', requestHash: 'hash' };
      await storeCommand(test.units, fleet, key);
      await storeCommand(test.units, other, key);
      expect(await database.query('select 1 from commands')).to.have.length(2);
    });

    const taken: readonly (readonly [string, (work: Work, round: number) => void])[] = [
      ['username-taken', (work, round) => work.users.add(aUser({ username: round === 0 ? 'Berta' : 'bERTA' }))],
      [
        'email-taken',
        (work, round) => work.users.add(aUser({ email: round === 0 ? 'b@example.com' : 'B@Example.com' })),
      ],
      ['vin-taken', (work) => work.vehicles.add(aVehicle({ vin: 'WVWZZZ1JZXW000001' }))],
    ];
    for (const [code, add] of taken) {
      for (const alone of [true, false]) {
        it(`${code}, ${alone ? 'as the only change' : 'among others'}: is the answer, and nothing is stored`, async () => {
          await note((work) => add(work, 0));
          const refused = note((work) => {
            if (!alone) work.auditLog.append(anAuditEntry());
            add(work, 1);
          });
          const error = await rejectionOf(refused);
          expect(error).to.be.instanceOf(ApplicationError).and.include({ code, kind: 'conflict' });
          expect(error).to.not.be.instanceOf(ConcurrentChange);
          expect(await database.query('select 1 from audit_logs')).to.deep.equal([]);
        });
      }
    }
  });

  describe('sessions', () => {
    it('rotate: by ten at once, one is served and nine are a ConcurrentChange', async () => {
      const session = aSession(fleet.userId);
      await note((work) => work.sessions.add(session));
      const ends = await Promise.allSettled(
        Array.from({ length: 10 }, () =>
          note((work) => {
            work.sessions.rotate(session, new Date());
            work.sessions.add(aSession(fleet.userId, { familyId: session.familyId }));
          }),
        ),
      );
      expect(ends.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      for (const end of ends) if (end.status === 'rejected') expect(end.reason).to.be.instanceOf(ConcurrentChange);
      expect(await database.query('select 1 from sessions')).to.have.length(2);
    });

    it('a family that is revoked while a rotation commits: is dead, with the token that the rotation made', async () => {
      const session = aSession(fleet.userId);
      await note((work) => work.sessions.add(session));
      const refreshTokenHash = aHash();
      await database.query('begin');
      await database.query('update sessions set rotated_at = now() where session_id = $1', [session.id]);
      await database.query(
        `insert into sessions (session_id, user_id, refresh_token_hash, family_id, created_at, expires_at)
         values ($1, $2, $3, $4, now(), now() + interval '1 day')`,
        [newId(), fleet.userId, refreshTokenHash, session.familyId],
      );
      // Meets the row that the rotation has changed and not yet committed, and can't see the new one.
      const revoked = note((work) => work.sessions.revokeFamily(session.familyId));
      const blocked = `select 1 from pg_locks where not granted`;
      while ((await database.query(blocked)).length === 0) await sleep(5);
      await database.query('commit');
      await revoked;
      const read = test.units.open('read');
      expect(await read.sessions.isFamilyAlive(session.familyId)).to.equal(false);
      const made = await read.sessions.findByRefreshTokenHash(refreshTokenHash);
      expect(made?.isUsable(new Date())).to.equal(false);
    });
  });
});
