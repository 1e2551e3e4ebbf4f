import { expect } from 'chai';

import { createBunyanLog } from '#infrastructure/observability/bunyan-log.js';

import { captureLog, levelNumbers } from './captured-log.js';

describe('createBunyanLog', () => {
  it('a line of each level: is one JSON object with level, message, time and fields', () => {
    const { log, lines } = captureLog();
    log.error({ attempt: 1 }, 'error line');
    log.warn({}, 'warn line');
    log.info({}, 'info line');
    log.debug({}, 'debug line 100%s');
    expect(lines().map(({ level, msg }) => [level, msg])).to.deep.equal([
      [levelNumbers.error, 'error line'],
      [levelNumbers.warn, 'warn line'],
      [levelNumbers.info, 'info line'],
      [levelNumbers.debug, 'debug line 100%s'],
    ]);
    expect(lines()[0]).to.include({ name: 'sovd-fleet', attempt: 1, v: 0 });
    expect(String(lines()[0]?.['time'])).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/u);
  });

  it('a line below the level: is not written, and its fields are not even looked at', () => {
    const { log, lines } = captureLog('warn');
    const looks: string[] = [];
    const fields = new Proxy({}, { ownKeys: () => (looks.push('keys'), []) });
    log.debug(fields, 'debug');
    log.info(fields, 'info');
    log.warn({}, 'warn');
    expect(lines().map(({ msg }) => msg)).to.deep.equal(['warn']);
    expect(looks).to.deep.equal([]);
  });

  it('withFields: lines of that log carry the fields, and those of the outer one too; others do not', () => {
    const { log, lines } = captureLog();
    const ofRequest = log.withFields({ request_id: 'r1' });
    const ofCommand = ofRequest.withFields({ command_id: 'c1' });
    for (const each of [ofRequest, ofCommand, log]) each.info({}, 'line');
    expect(lines().map((line) => [line['request_id'], line['command_id']])).to.deep.equal([
      ['r1', undefined],
      ['r1', 'c1'],
      [undefined, undefined],
    ]);
  });

  it('withFields side by side: keep their fields apart', async () => {
    const { log, lines } = captureLog();
    await Promise.all(
      Array.from({ length: 20 }, async (_, number) => {
        const own = log.withFields({ number });
        await new Promise(setImmediate);
        own.addFields({ double: number * 2 });
        await new Promise(setImmediate);
        own.info({}, 'line');
      }),
    );
    expect(lines()).to.have.length(20);
    for (const line of lines()) expect(line['double']).to.equal(Number(line['number']) * 2);
  });

  it('addFields: reaches all further lines of its log and of those made from it, and no others', () => {
    const { log, lines } = captureLog();
    const ofRequest = log.withFields({ request_id: 'r1' });
    const ofCommand = ofRequest.withFields({ command_id: 'c1' });
    ofCommand.addFields({ attempt: 1 });
    ofCommand.info({}, 'inner');
    ofRequest.addFields({ user_id: 'u1' });
    ofRequest.info({}, 'outer');
    ofCommand.info({}, 'inner again');
    log.info({}, 'outside');
    expect(
      lines().map(({ request_id, command_id, attempt, user_id }) => [request_id, command_id, attempt, user_id]),
    ).to.deep.equal([
      ['r1', 'c1', 1, undefined],
      ['r1', undefined, undefined, 'u1'],
      ['r1', 'c1', 1, 'u1'],
      [undefined, undefined, undefined, undefined],
    ]);
  });

  it('sumFields: adds numbers of the same name', () => {
    const { log, lines } = captureLog();
    const own = log.withFields({});
    own.sumFields({ db_statements: 1, db_millis: 0.1 });
    own.sumFields({ db_statements: 2, db_millis: 0.2 });
    own.info({}, 'line');
    expect(lines()[0]).to.include({ db_statements: 3, db_millis: 0.3 });
  });

  it('fields of the line: win over those of its log', () => {
    const { log, lines } = captureLog();
    log.withFields({ status: 1, kept: true }).info({ status: 2 }, 'line');
    expect(lines()[0]).to.include({ status: 2, kept: true });
  });

  it('fields with the names of the record: do not replace it', () => {
    const { log, lines } = captureLog();
    log.info({ level: 'high', msg: 'forged', time: 'never', name: 'read-faults', pid: 0 }, 'true');
    expect(lines()[0]).to.include({ level: levelNumbers.info, msg: 'true', name: 'sovd-fleet', pid: process.pid });
    expect(lines()[0]).to.include({ level_: 'high', msg_: 'forged', name_: 'read-faults' });
  });

  it('a line break in a message: stays inside of its line', () => {
    const { log, lines } = captureLog();
    log.info({ text: 'a\n{"level":50}' }, 'b\n{"level":50}');
    expect(lines()).to.have.length(1);
  });

  it('a secret in a field, in one of its log or in the message: is not written', () => {
    const { log, text } = captureLog();
    log
      .withFields({ authorization: 'Bearer canary', headers: { cookie: 'canary' } })
      .error(
        { err: new Error('connect postgres://fleet:canary@db/fleet'), body: { user: { new_password: 'canary' } } },
        'Lost redis://:canary@cache:6379',
      );
    expect(text()).to.contain('[redacted]').and.not.to.contain('canary');
  });

  it('no stream given: writes to stdout', () => {
    const written: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (chunk: string | Uint8Array) => written.push(String(chunk)) > 0;
    try {
      createBunyanLog({ level: 'info' }).info({}, 'to stdout');
    } finally {
      process.stdout.write = write;
    }
    expect(written.join('')).to.contain('"msg":"to stdout"');
  });
});
