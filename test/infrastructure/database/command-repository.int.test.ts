import { expect } from 'chai';

import type { Command } from '#application/domain/command.js';
import type { AnswerBody, Response } from '#application/domain/response.js';
import type { CommandFilter } from '#application/ports/command-repository.js';
import type { PageRequest } from '#application/ports/paging.js';
import type { Work } from '#application/ports/unit-of-work.js';

import {
  aCommand,
  aHash,
  awkwardText,
  newId,
  responsesOf,
  store,
  storeCommand,
  storeFleet,
  type Fleet,
} from './builders.js';
import { allPages, useUnits } from './units.js';

const all = { kind: 'all' } as const;
const at = (text: string) => new Date(`2026-03-01T${text}Z`);

describe('SequelizeCommandRepository', () => {
  const test = useUnits();
  const note = (task: (work: Work) => void) => store(test.units, task);

  const read = <Result>(task: (work: Work) => Promise<Result>) => test.units.withUnit('read', task);

  let fleet: Fleet;
  beforeEach(async () => {
    fleet = await storeFleet(test.units, 2);
  });

  const load = (id: string) => read((work) => work.commands.load(id));
  const list = (filter: Partial<CommandFilter> = {}, page: PageRequest = { limit: 50, after: undefined }) =>
    read((work) => work.commands.list({ scope: all, ...filter }, page));

  it('a command: comes back as it was accepted, with the least and with everything', async () => {
    const least = aCommand(fleet);
    const most = aCommand(fleet, {
      name: 'write-data',
      parameters: { text: awkwardText, list: [{}, [], null, 0, -1.5e-7], $1: true },
      safety: 'unsafe',
      idempotencyKey: awkwardText,
      requestHash: aHash(),
      whenOffline: 'fail',
      timeoutSeconds: 3600,
      submittedAt: at('08:00:00.001'),
      expiresAt: at('08:01:00.999'),
    });
    for (const { command, transition } of [least, most]) {
      await note((work) => work.commands.add(command, transition));
      expect(await load(command.id)).to.deep.equal(command);
      expect(await read((work) => work.commands.listTransitions(command.id, 0, 10))).to.deep.equal([transition]);
    }
    const found = await read((work) => work.commands.findByIdempotencyKey(fleet.userId, awkwardText));
    expect(found).to.deep.equal({ item: most.command, memberRole: undefined });
    expect(await read((work) => work.commands.findByIdempotencyKey(newId(), awkwardText))).to.equal(undefined);
    expect(await read((work) => work.commands.findByIdempotencyKey(fleet.userId, 'other'))).to.equal(undefined);
    expect(await load(newId())).to.equal(undefined);
  });

  it('a command through its life: comes back as each step left it', async () => {
    const { command, transition } = aCommand(fleet, { safety: 'idempotent' });
    await note((work) => work.commands.add(command, transition));
    const lease = { owner: newId(), seconds: 60 };
    const claim = command.claim({ at: at('08:00:00'), actor: 'dispatcher', reason: 'claimed' });
    await note((work) => work.commandQueue.lease(claim, lease));
    expect(await load(command.id)).to.deep.equal(claim.after);
    const back = claim.after.move({
      to: 'pending',
      at: at('08:00:01'),
      actor: 'dispatcher',
      reason: 'vehicle-offline',
      notBefore: at('08:00:31'),
    });
    await note((work) => work.commands.advance(back));
    expect(await load(command.id)).to.deep.equal(back.after);
    const again = back.after.claim({ at: at('08:00:32'), actor: 'dispatcher', reason: 'claimed' });
    await note((work) => work.commandQueue.lease(again, lease));
    const receive = again.after.receive(responsesOf(again.after, 2));
    await note((work) => work.commands.advance(receive));
    expect(await load(command.id)).to.deep.equal(receive.after);
    await note((work) => work.commands.requestCancel(command.id, at('08:00:33')));
    const remark = receive.after.remark('cancel-refused', at('08:00:34'), awkwardText);
    await note((work) => work.commands.advance(remark));
    const end = remark.after.move(
      {
        to: 'failed',
        at: at('08:00:35'),
        actor: 'dispatcher',
        reason: 'vehicle-error',
        error: { code: 'vehicle-error', message: awkwardText },
      },
      responsesOf(remark.after, 1),
    );
    await note((work) => work.commands.advance(end));
    const stored = await load(command.id);
    expect(stored?.record).to.deep.equal({ ...end.after.record, cancelRequestedAt: at('08:00:33') });
    expect(stored?.record).to.include({
      status: 'failed',
      attempts: 2,
      leaseNumber: 2,
      responseCount: 3,
      lastEventNumber: 9,
    });
    const steps = [claim, back, again, receive, remark, end];
    const transitions = [transition, ...steps.flatMap((step) => step.transitions)];
    const responses = steps.flatMap((step) => step.responses);
    expect(await read((work) => work.commands.listTransitions(command.id, 0, 100))).to.deep.equal(transitions);
    expect(await read((work) => work.commands.listResponses(command.id, 0, 100))).to.deep.equal(responses);
    expect(await read((work) => work.commands.listSubjects(command.id))).to.have.members(
      responses.map(({ subject }) => subject),
    );
    const events = await read((work) => work.commands.listEvents(command.id, 0, 100));
    expect(events.map(({ eventNumber }) => eventNumber)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(events.flatMap((event) => (event.kind === 'response' ? [event.response] : []))).to.deep.equal(responses);
    expect(events.flatMap((event) => (event.kind === 'status' ? [event.transition] : []))).to.deep.equal(transitions);
  });

  it('the body of an answer: comes back as it was, whatever it was', async () => {
    const bodies: readonly AnswerBody[] = [
      { encoding: 'json', value: null },
      { encoding: 'json', value: [1, 'two', { three: [] }, false, 1e21, 0.1] },
      { encoding: 'json', value: { $1: '$2', text: awkwardText, ['__proto__x']: 1, ä: { '': '' } } },
      { encoding: 'text', value: awkwardText },
      { encoding: 'base64', value: 'AP8=' },
      { encoding: 'none' },
    ];
    const command = await storeCommand(test.units, fleet);
    const responses = responsesOf(command, bodies.length).map((response, index): Response => {
      const body = bodies[index] ?? { encoding: 'none' };
      const [mediaType, result] = index === 0 ? [undefined, undefined] : [awkwardText, [{ a: null }]];
      return {
        ...response,
        subject: `${awkwardText}${index}`,
        payload: { ...response.payload, mediaType, result, body },
        isFinal: index === 5,
      };
    });
    await note((work) => work.commands.advance(command.receive(responses)));
    const stored = await read((work) => work.commands.listResponses(command.id, 0, 100));
    // What is undefined has no place in JSON.
    expect(stored).to.deep.equal(
      responses.map((response) => ({ ...response, payload: JSON.parse(JSON.stringify(response.payload)) })),
    );
    const events = await read((work) => work.commands.listEvents(command.id, 1, 100));
    expect(events.map((event) => (event.kind === 'response' ? event.response : undefined))).to.deep.equal(stored);
  });

  it('what happened to a command: is given in parts, from any number on', async () => {
    let command: Command = await storeCommand(test.units, fleet);
    for (let round = 0; round < 3; round += 1) {
      const received = command.receive(responsesOf(command, 3));
      const remarked = received.after.remark('cancel-refused', new Date(), 'test');
      await note((work) => {
        work.commands.advance(received);
        work.commands.advance(remarked);
      });
      command = remarked.after;
    }
    const [id, other] = [command.id, await storeCommand(test.units, fleet)];
    const everything = await read((work) => work.commands.listEvents(id, 0, 100));
    expect(everything.map(({ eventNumber }) => eventNumber)).to.deep.equal(
      Array.from({ length: 13 }, (_, index) => index + 1),
    );
    for (let after = 0; after <= 13; after += 1) {
      const part = await read((work) => work.commands.listEvents(id, after, 5));
      expect(part, `after ${after}`).to.deep.equal(everything.slice(after, after + 5));
    }
    const responses = await read((work) => work.commands.listResponses(id, 2, 3));
    expect(responses.map(({ sequenceNumber }) => sequenceNumber)).to.deep.equal([2, 3, 4]);
    const transitions = await read((work) => work.commands.listTransitions(id, 5, 1));
    expect(transitions.map(({ eventNumber }) => eventNumber)).to.deep.equal([9]);
    expect(await read((work) => work.commands.listResponses(other.id, 0, 10))).to.deep.equal([]);
    expect(await read((work) => work.commands.listEvents(other.id, 0, 10))).to.have.length(1);
  });

  it('a list: is newest first, in pages that do not move while commands are accepted', async () => {
    const commands: Command[] = [];
    for (const time of ['08:00:00.000', '08:00:00.001', '08:00:00.001', '08:00:00.001', '09:00:00.000']) {
      commands.push(await storeCommand(test.units, fleet, { submittedAt: at(time) }));
    }
    let hour = 10;
    const pages = await allPages(
      (page) => list({}, page),
      2,
      () => storeCommand(test.units, fleet, { submittedAt: at(`${(hour += 1)}:00:00`) }),
    );
    expect(pages.flat().map(({ id }) => id)).to.deep.equal(commands.map(({ id }) => id).reverse());
    expect(pages.map((page) => page.length)).to.deep.equal([2, 2, 1]);
  });

  it('filters: narrow the list, each and together; times are half-open', async () => {
    const other = await storeFleet(test.units);
    const a = await storeCommand(test.units, fleet, { name: 'read-data', submittedAt: at('08:00:00') });
    const b = await storeCommand(test.units, fleet, {
      name: 'clear-faults',
      submittedAt: at('09:00:00'),
      vehicleId: fleet.vehicleIds[1] ?? '',
    });
    const c = await storeCommand(test.units, other, { name: 'read-data', submittedAt: at('10:00:00') });
    await note((work) =>
      work.commands.advance(a.move({ to: 'cancelled', at: new Date(), actor: 'test', reason: 'cancel-requested' })),
    );
    const cases: readonly (readonly [Partial<CommandFilter>, readonly Command[]])[] = [
      [{}, [c, b, a]],
      [{ vehicleId: fleet.vehicleId }, [a]],
      [{ userId: fleet.userId }, [b, a]],
      [{ status: 'cancelled' }, [a]],
      [{ status: 'pending' }, [c, b]],
      [{ name: 'read-data' }, [c, a]],
      [{ name: 'read-data', userId: other.userId }, [c]],
      [{ submittedAfter: at('09:00:00') }, [c, b]],
      [{ submittedBefore: at('09:00:00') }, [a]],
      [{ submittedAfter: at('08:00:00.001'), submittedBefore: at('10:00:00') }, [b]],
      [{ name: awkwardText }, []],
    ];
    for (const [filter, expected] of cases) {
      const { items } = await list(filter);
      expect(
        items.map(({ id }) => id),
        JSON.stringify(filter),
      ).to.deep.equal(expected.map(({ id }) => id));
    }
  });

  it('an idempotency key that was released: is free for another command', async () => {
    const key = { idempotencyKey: 'key', requestHash: 'hash' };
    const first = await storeCommand(test.units, fleet, key);
    await test.units.withUnit('write', async (work) => {
      await work.commands.releaseIdempotencyKey(first.id);
      const { command, transition } = aCommand(fleet, key);
      work.commands.add(command, transition);
    });
    expect((await load(first.id))?.record.idempotencyKey).to.equal(undefined);
    expect((await read((work) => work.commands.findByIdempotencyKey(fleet.userId, 'key')))?.item.id).to.not.equal(
      first.id,
    );
  });
});
