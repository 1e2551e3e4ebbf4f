import { expect } from 'chai';

import { backoffMillis } from '#application/waiting/backoff.js';
import {
  AnswerTally,
  endingOfFailure,
  LetGo,
  type Attempt,
  type Ending,
  type LetGoReason,
} from '#application/dispatch/ending.js';
import { Command, type OfflinePolicy } from '#application/domain/command.js';
import type { Refusal, VehicleResponse } from '#application/domain/response.js';
import { safetyClasses, type Safety } from '#application/domain/safety.js';
import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';

const now = new Date('2026-01-01T10:00:00Z');
const refusal: Refusal = { code: 'vehicle-rejected', message: 'No.' };

function running(safety: Safety, whenOffline: OfflinePolicy): Command {
  const fields = {
    id: 'c-1',
    userId: 'u-1',
    vehicleId: 'v-1',
    name: 'any',
    parameters: {},
    safety,
    idempotencyKey: undefined,
    requestHash: undefined,
    whenOffline,
    timeoutSeconds: 30,
    expiresAt: now,
    submittedAt: now,
  };
  return Command.submit(fields, 'anna').command.claim({ at: now, actor: 'dispatcher', reason: 'claimed' }).after;
}

function attempt(safety: Safety, changes: Partial<Attempt> & { readonly whenOffline?: OfflinePolicy } = {}): Attempt {
  const { whenOffline = 'fail', ...others } = changes;
  return {
    command: running(safety, whenOffline),
    mayHaveBeenSent: true,
    hasResponses: false,
    retriesLeft: 2,
    millisLeft: 30_000,
    now,
    chance: 0.5,
    ...others,
  };
}

function answer(changes: Partial<VehicleResponse> = {}): VehicleResponse {
  const payload = {
    request: { method: 'GET', path: 'x' } as const,
    status: 200,
    mediaType: undefined,
    body: { encoding: 'none' } as const,
    result: undefined,
  };
  return { subject: 'data/x', payload, isFinal: true, ...changes };
}

function endingOf(safety: Safety, ...answers: readonly VehicleResponse[]): Ending {
  const tally = new AnswerTally();
  for (const one of answers) tally.add(one);
  return tally.ending(running(safety, 'fail'));
}

/** The ending in short: where a settled command goes and why, or the kind. */
function short(ending: Ending): string {
  return ending.kind === 'settle' ? `${ending.move.to} ${ending.move.reason}` : ending.kind;
}

describe('AnswerTally', () => {
  for (const safety of safetyClasses) {
    const lost = safety === 'safe' ? 'failed' : 'outcome_unknown';

    it(`${safety}, a final answer: completed`, () => {
      expect(short(endingOf(safety, answer()))).to.equal('completed answered');
      expect(short(endingOf(safety, answer({ isFinal: false }), answer()))).to.equal('completed answered');
    });

    it(`${safety}, no answer at all or none that is final: ${lost}`, () => {
      expect(short(endingOf(safety))).to.equal(`${lost} vehicle-invalid-response`);
      expect(short(endingOf(safety, answer({ isFinal: false })))).to.equal(`${lost} vehicle-invalid-response`);
    });

    it(`${safety}, something after the final answer: ${lost}`, () => {
      for (const isFinal of [false, true]) {
        expect(short(endingOf(safety, answer(), answer({ isFinal })))).to.equal(`${lost} vehicle-invalid-response`);
      }
    });

    it(`${safety}, a refusal: failed with its code`, () => {
      const ending = endingOf(safety, answer({ refusal }));
      expect(short(ending)).to.equal('failed vehicle-rejected');
      expect(ending).to.have.nested.property('move.error.message', 'No.');
    });

    it(`${safety}, some refusals of many: failed, and the message counts them`, () => {
      const ending = endingOf(safety, answer({ isFinal: false, refusal }), answer({ isFinal: false }), answer());
      expect(ending).to.have.nested.property('move.error.message', '1 of 3 answers are refusals. The first: No.');
    });

    it(`${safety}, a confirmed stop: cancelled, even after a refusal of a part`, () => {
      expect(short(endingOf(safety, answer({ isStopped: true })))).to.equal('cancelled cancel-requested');
    });

    it(`${safety}, an outcome that nobody can know: outcome_unknown, whatever else came`, () => {
      const unknown = answer({ isOutcomeUnknown: true, refusal });
      expect(short(endingOf(safety, unknown))).to.equal('outcome_unknown vehicle-rejected');
      expect(short(endingOf(safety, answer({ isFinal: false }), unknown))).to.equal('outcome_unknown vehicle-rejected');
    });
  }
});

describe('endingOfFailure', () => {
  const neverSent = new VehicleLinkFailure('vehicle-unreachable', 'No connection.', true, true);
  const untrusted = new VehicleLinkFailure('vehicle-unreachable', 'Not trusted.', true, false);
  const passing = new VehicleLinkFailure('vehicle-connection-lost', 'Cut.', false, true);
  const lasting = new VehicleLinkFailure('vehicle-invalid-response', 'Garbage.', false, false);
  const mistake = new Error('a bug');

  /** What becomes of an attempt, for each kind of failure, each offline policy, and whether the vehicle may have got it. */
  const table: readonly (readonly [
    what: string,
    failure: Error,
    whenOffline: OfflinePolicy,
    mayHaveBeenSent: boolean,
    safe: string,
    changing: string,
  ])[] = [
    ['no connection', neverSent, 'queue', false, 'requeue', 'requeue'],
    ['no connection', neverSent, 'fail', false, 'retry', 'failed vehicle-unreachable'],
    // An earlier request of the same attempt has reached the vehicle: nothing may be sent again.
    ['no connection', neverSent, 'queue', true, 'requeue', 'outcome_unknown vehicle-unreachable'],
    ['no connection', neverSent, 'fail', true, 'retry', 'outcome_unknown vehicle-unreachable'],
    ['a bad certificate', untrusted, 'queue', false, 'failed vehicle-unreachable', 'failed vehicle-unreachable'],
    ['a bad certificate', untrusted, 'fail', false, 'failed vehicle-unreachable', 'failed vehicle-unreachable'],
    ['a lost connection', passing, 'queue', true, 'retry', 'outcome_unknown vehicle-connection-lost'],
    ['a lost connection', passing, 'fail', true, 'retry', 'outcome_unknown vehicle-connection-lost'],
    [
      'an answer that is none',
      lasting,
      'queue',
      true,
      'failed vehicle-invalid-response',
      'outcome_unknown vehicle-invalid-response',
    ],
    [
      'an answer that is none',
      lasting,
      'fail',
      true,
      'failed vehicle-invalid-response',
      'outcome_unknown vehicle-invalid-response',
    ],
    ['a mistake of ours', mistake, 'queue', false, 'failed internal-error', 'failed internal-error'],
    ['a mistake of ours', mistake, 'queue', true, 'failed internal-error', 'outcome_unknown internal-error'],
    ['a mistake of ours', mistake, 'fail', false, 'failed internal-error', 'failed internal-error'],
    ['a mistake of ours', mistake, 'fail', true, 'failed internal-error', 'outcome_unknown internal-error'],
  ];
  for (const [what, failure, whenOffline, mayHaveBeenSent, safe, changing] of table) {
    for (const safety of safetyClasses) {
      const expected = safety === 'safe' ? safe : changing;
      const sent = mayHaveBeenSent ? 'sent' : 'never sent';
      it(`${what}, ${safety}, ${whenOffline}, ${sent}: ${expected}`, () => {
        expect(short(endingOfFailure(failure, attempt(safety, { whenOffline, mayHaveBeenSent })))).to.equal(expected);
      });
    }
  }

  const letGoTable: Readonly<Record<LetGoReason, (safety: Safety, sent: boolean) => string>> = {
    'lease-lost': () => 'abandon',
    cancelled: () => 'cancelled cancel-requested',
    timeout: (safety, sent) => `${safety !== 'safe' && sent ? 'outcome_unknown' : 'failed'} vehicle-timeout`,
    shutdown: (safety, sent) => {
      if (safety === 'safe') return 'abandon';
      return `${sent ? 'outcome_unknown' : 'failed'} dispatch-interrupted`;
    },
  };
  for (const [why, expected] of Object.entries(letGoTable) as [LetGoReason, (typeof letGoTable)[LetGoReason]][]) {
    for (const safety of safetyClasses) {
      for (const mayHaveBeenSent of [true, false]) {
        const ending = expected(safety, mayHaveBeenSent);
        it(`let go, ${why}, ${safety}, ${mayHaveBeenSent ? 'sent' : 'never sent'}: ${ending}`, () => {
          expect(short(endingOfFailure(new LetGo(why), attempt(safety, { mayHaveBeenSent })))).to.equal(ending);
        });
      }
    }
  }

  it('time that is over: says of the vehicle only that it was silent when it may have been asked', () => {
    const wordsOf = (mayHaveBeenSent: boolean): string | undefined => {
      const ending = endingOfFailure(new LetGo('timeout'), attempt('unsafe', { mayHaveBeenSent }));
      return ending.kind === 'settle' ? ending.move.error?.message : undefined;
    };
    expect(wordsOf(true)).to.equal('The vehicle did not answer within 30 s.');
    expect(wordsOf(false)).to.equal('Nothing could be sent to the vehicle within 30 s.');
  });

  it('a read with a response: is neither tried again nor queued', () => {
    const changes = { hasResponses: true };
    expect(short(endingOfFailure(passing, attempt('safe', changes)))).to.equal('failed vehicle-connection-lost');
    const queued = attempt('safe', { ...changes, whenOffline: 'queue' });
    expect(short(endingOfFailure(neverSent, queued))).to.equal('failed vehicle-unreachable');
  });

  it('a read without tries left: fails', () => {
    expect(short(endingOfFailure(passing, attempt('safe', { retriesLeft: 0 })))).to.equal(
      'failed vehicle-connection-lost',
    );
  });

  it('a read whose time would be over before the next try: fails', () => {
    const busy = new VehicleLinkFailure('vehicle-error', 'Busy.', false, true, 3);
    expect(endingOfFailure(busy, attempt('safe', { millisLeft: 3001 }))).to.deep.equal({
      kind: 'retry',
      afterMillis: 3000,
    });
    expect(short(endingOfFailure(busy, attempt('safe', { millisLeft: 3000 })))).to.equal('failed vehicle-error');
  });

  it('a read that the vehicle asks to come back at once: still waits its own time', () => {
    const busy = new VehicleLinkFailure('vehicle-error', 'Busy.', false, true, 0);
    expect(endingOfFailure(busy, attempt('safe', { chance: 1 }))).to.deep.equal({ kind: 'retry', afterMillis: 250 });
  });

  it('messages: say whose fault it was, and nothing of what broke inside', () => {
    const ending = endingOfFailure(mistake, attempt('safe'));
    expect(ending).to.have.nested.property('move.error.message').that.does.not.include('a bug');
  });
});

describe('backoffMillis', () => {
  it('doubles from the base to the limit', () => {
    const waits = [1, 2, 3, 4, 5, 6, 50].map((count) => backoffMillis(count, 250, 5000, 1));
    expect(waits).to.deep.equal([250, 500, 1000, 2000, 4000, 5000, 5000]);
  });

  it('spreads over the upper half', () => {
    expect(backoffMillis(3, 1000, 30_000, 0)).to.equal(2000);
    expect(backoffMillis(3, 1000, 30_000, 0.5)).to.equal(3000);
    expect(backoffMillis(3, 1000, 30_000, 1)).to.equal(4000);
  });

  it('any count of attempts: a finite time', () => {
    expect(backoffMillis(5000, 1000, 30_000, 1)).to.equal(30_000);
  });
});
