import { expect } from 'chai';

import type { Safety } from '#application/domain/safety.js';
import type { VehicleAnswer } from '#application/domain/sovd/exchange.js';
import { judgeAnswer, outcomeOfExecution, readSovdError } from '#application/domain/sovd/judgement.js';
import type { Json } from '#application/domain/json.js';

function anAnswer(status: number, body?: Json, more: Partial<VehicleAnswer> = {}): VehicleAnswer {
  return {
    status,
    mediaType: 'application/json',
    body: body === undefined ? { encoding: 'none' } : { encoding: 'json', value: body },
    kind: 'plain',
    isLast: true,
    ...more,
  };
}

function summary(answer: VehicleAnswer, safety: Safety): string {
  const judgement = judgeAnswer(answer, safety);
  if (judgement.verdict === 'ok') return 'ok';
  const transient = judgement.verdict === 'refused' && judgement.isTransient ? ' transient' : '';
  return `${judgement.verdict} ${judgement.refusal.code}${transient}`;
}

describe('judgeAnswer', () => {
  const table: readonly (readonly [status: number, safe: string, changing: string])[] = [
    [200, 'ok', 'ok'],
    [204, 'ok', 'ok'],
    [299, 'ok', 'ok'],
    [400, 'refused vehicle-rejected', 'refused vehicle-rejected'],
    [401, 'refused vehicle-rejected', 'refused vehicle-rejected'],
    [404, 'refused vehicle-rejected', 'refused vehicle-rejected'],
    [408, 'refused vehicle-rejected', 'unknown vehicle-rejected'],
    [409, 'refused vehicle-rejected', 'refused vehicle-rejected'],
    [423, 'refused vehicle-rejected', 'refused vehicle-rejected'],
    [429, 'refused vehicle-rejected transient', 'refused vehicle-rejected transient'],
    [500, 'refused vehicle-error', 'unknown vehicle-error'],
    [501, 'refused vehicle-error', 'refused vehicle-error'],
    [502, 'refused vehicle-error transient', 'unknown vehicle-error'],
    [503, 'refused vehicle-error transient', 'refused vehicle-error transient'],
    [504, 'refused vehicle-error transient', 'unknown vehicle-error'],
    [505, 'refused vehicle-error', 'refused vehicle-error'],
    [507, 'refused vehicle-error', 'unknown vehicle-error'],
  ];
  for (const [status, safe, changing] of table) {
    it(`status ${status}: ${safe} for reads, ${changing} for what changes the vehicle`, () => {
      expect(summary(anAnswer(status), 'safe')).to.equal(safe);
      expect(summary(anAnswer(status), 'idempotent')).to.equal(changing);
      expect(summary(anAnswer(status), 'unsafe')).to.equal(changing);
    });
  }

  for (const code of [
    'error-response',
    'precondition-not-fulfilled',
    'preconditions-not-fulfilled',
    'insufficient-access-rights',
    'lock-broken',
    'incomplete-request',
    'invalid-signature',
    'sovd-server-misconfigured',
    'update-process-in-progress',
    'update-automated-not-supported',
    'update-execution-in-progress',
    'update-preparation-in-progress',
  ]) {
    it(`500, 502 and 504 with ${code}: certainly not done`, () => {
      for (const status of [500, 502, 504]) {
        expect(judgeAnswer(anAnswer(status, { error_code: code, message: 'No' }), 'unsafe').verdict).to.equal(
          'refused',
        );
      }
    });
  }

  for (const code of ['not-responding', 'sovd-server-failure', 'invalid-response-content', 'vendor-specific']) {
    it(`502 with ${code}: nobody knows whether something that changes the vehicle was done`, () => {
      expect(judgeAnswer(anAnswer(502, { error_code: code, message: 'No' }), 'unsafe').verdict).to.equal('unknown');
    });
  }

  it('Retry-After of the vehicle is handed on', () => {
    expect(judgeAnswer(anAnswer(503, undefined, { retryAfterSeconds: 7 }), 'safe')).to.include({
      isTransient: true,
      retryAfterSeconds: 7,
    });
    expect(judgeAnswer(anAnswer(503), 'safe')).to.not.have.property('retryAfterSeconds');
  });

  it('an execution: running and completed are fine, failed and stopped by others are refusals', () => {
    const execution = (executionStatus: string): VehicleAnswer =>
      anAnswer(200, { status: executionStatus }, { kind: 'execution', executionStatus });
    expect(summary(execution('running'), 'unsafe')).to.equal('ok');
    expect(summary(execution('inprogress'), 'unsafe')).to.equal('ok');
    expect(summary(execution('completed'), 'unsafe')).to.equal('ok');
    expect(summary(execution('failed'), 'unsafe')).to.equal('refused vehicle-error');
    expect(summary(execution('error'), 'safe')).to.equal('refused vehicle-error');
    expect(summary(execution('stopped'), 'unsafe')).to.equal('refused vehicle-error');
    expect(summary({ ...execution('stopped'), isStopped: true }, 'unsafe')).to.equal('ok');
  });

  it('an execution that is gone or cannot be read: unknown when it changes the vehicle', () => {
    const gone = anAnswer(404, undefined, { kind: 'execution', executionStatus: 'gone' });
    expect(summary(gone, 'unsafe')).to.equal('unknown vehicle-error');
    expect(summary(gone, 'safe')).to.equal('refused vehicle-error');
    const unreadable = anAnswer(403, undefined, { kind: 'execution' });
    expect(summary(unreadable, 'unsafe')).to.equal('unknown vehicle-error');
    expect(summary(unreadable, 'safe')).to.equal('refused vehicle-error');
  });

  it('a failed execution is told with its first error', () => {
    const body = {
      status: 'failed',
      error: [{ path: '/', error: { error_code: 'error-response', message: 'Conditions not correct' } }],
    };
    const judgement = judgeAnswer(anAnswer(200, body, { kind: 'execution', executionStatus: 'failed' }), 'unsafe');
    expect(judgement).to.deep.equal({
      verdict: 'refused',
      refusal: {
        code: 'vehicle-error',
        message: 'The execution failed on the vehicle (error-response): Conditions not correct.',
      },
      isTransient: false,
    });
  });

  it('events and the end of a stream are fine, whatever they hold', () => {
    const event = anAnswer(200, { error: { error_code: 'not-responding', message: 'x' } }, { kind: 'event' });
    expect(summary(event, 'safe')).to.equal('ok');
    expect(summary(anAnswer(200, undefined, { kind: 'end-of-stream' }), 'safe')).to.equal('ok');
  });

  it('the message is one bounded line of what the vehicle said', () => {
    const message = `Engine\r\n is\u0000 run\u202Ening\ud800 ${'x'.repeat(5000)}`;
    const judgement = judgeAnswer(
      anAnswer(409, { error_code: 'precondition-not-fulfilled', vendor_code: 'E17', message }),
      'unsafe',
    );
    const words = judgement.verdict === 'ok' ? '' : judgement.refusal.message;
    expect(words).to.match(
      /^The vehicle answered with status 409 \(precondition-not-fulfilled, E17\): Engine is run ning x+…$/u,
    );
    expect(words.length).to.be.below(400);
  });

  it('without an error in the body the message tells the status alone', () => {
    const judgement = judgeAnswer({ ...anAnswer(404), body: { encoding: 'text', value: '<html>no</html>' } }, 'safe');
    expect(judgement).to.have.nested.property('refusal.message', 'The vehicle answered with status 404.');
  });
});

describe('readSovdError', () => {
  const forms: readonly (readonly [name: string, body: Json, expected: object])[] = [
    [
      'GenericError',
      { error_code: 'a', vendor_code: 'b', message: 'c' },
      { errorCode: 'a', vendorCode: 'b', message: 'c' },
    ],
    ['DataError', { path: '/data', error: { error_code: 'a', message: 'c' } }, { errorCode: 'a', message: 'c' }],
    [
      'a nested envelope with a code of its own',
      { error: { code: 'SOVD-ERR-404', message: 'c' } },
      { errorCode: 'SOVD-ERR-404', message: 'c' },
    ],
    ['a bare text', { error: 'not here' }, { message: 'not here' }],
    ['a list', { errors: [{ path: '/', error: { error_code: 'a', message: 'c' } }] }, { errorCode: 'a', message: 'c' }],
    ['problem details', { title: 'Not Found', status: 404, detail: 'no such thing' }, { message: 'no such thing' }],
    ['a code that is a number', { error_code: 429, message: 'slow' }, { message: 'slow' }],
    ['null', null, {}],
    ['something else', ['x', 1], {}],
  ];
  for (const [name, body, expected] of forms) {
    it(`reads ${name}`, () => {
      expect(readSovdError({ encoding: 'json', value: body })).to.deep.equal(expected);
    });
  }

  it('an error that holds itself a hundred times is given up', () => {
    let body: Json = { error_code: 'deep' };
    for (let depth = 0; depth < 100; depth += 1) body = { error: body };
    expect(readSovdError({ encoding: 'json', value: body })).to.deep.equal({});
  });
});

describe('outcomeOfExecution', () => {
  it('knows the words of different servers without regard to case, and takes others for running', () => {
    const words = [
      'Completed',
      'FINISHED',
      'failed',
      'Error',
      'terminated',
      'cancelled',
      'pending',
      'inProgress',
      'new',
    ];
    expect(words.map(outcomeOfExecution)).to.deep.equal([
      'completed',
      'completed',
      'failed',
      'failed',
      'stopped',
      'stopped',
      'running',
      'running',
      'running',
    ]);
  });
});
