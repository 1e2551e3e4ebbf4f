import { expect } from 'chai';

import { readStream } from '#support/sse-client.js';

import { eventually } from './command-desk.js';
import { useWorkshop } from './workshop.js';

describe('settling an unknown outcome', () => {
  const workshop = useWorkshop({ vehicles: 2 });
  const finding = { status: 'completed', reason: 'The trigger level reads 4 on the vehicle.' };
  const settle = (id: string, body: object = finding) => workshop.desk.call('POST', `/commands/${id}/settle`, body);

  /** A change whose connection broke after it was sent. */
  async function unknown(): Promise<any> {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'drop', effect: 'after', count: 1 });
    const command = await desk.ended(await desk.write(car(), 4));
    expect(command).to.include({ status: 'outcome_unknown', settlement: null });
    return command;
  }

  /** What the audit log has of a command's end and settling. */
  const auditOf = (id: string) =>
    workshop.database.query<any>(
      `select action, username, outcome, details from audit_logs
       where command_id = $1 and action in ('command.end', 'command.settle') order by occurred_at, log_id`,
      [id],
    );

  it('as completed: shows what was found, by whom, and when it had ended; on record in the same commit', async () => {
    const { desk } = workshop;
    const before = await unknown();
    const { status, body } = await settle(before.command_id);
    expect(status).to.equal(200);
    expect(body).to.include({ status: 'completed', error: null, completed_at: before.completed_at });
    expect(body.settlement).to.include({ reason: finding.reason });
    expect(Date.parse(body.settlement.settled_at)).to.be.at.least(Date.parse(before.completed_at));
    expect(await desk.command(before.command_id)).to.deep.equal(body);
    const last = (await desk.transitions(before.command_id)).at(-1);
    expect(last).to.include({ from_status: 'outcome_unknown', to_status: 'completed', reason: 'settled' });
    expect(last.actor).to.equal(body.settlement.settled_by);
    const [end, act, secondEnd] = await auditOf(before.command_id);
    expect(end).to.include({ action: 'command.end', username: 'dispatcher', outcome: 'failure' });
    expect(act).to.deep.include({
      action: 'command.settle',
      username: last.actor,
      outcome: 'success',
      details: finding,
    });
    expect(secondEnd).to.include({ action: 'command.end', username: last.actor, outcome: 'success' });
  });

  it('as failed: keeps why nobody knew', async () => {
    const before = await unknown();
    const { body } = await settle(before.command_id, { status: 'failed', reason: 'Nothing has changed there.' });
    expect(body).to.include({ status: 'failed' });
    expect(body.error).to.deep.equal(before.error);
  });

  it('works once, and only where the outcome is unknown', async () => {
    const { desk, car } = workshop;
    const { command_id: id } = await unknown();
    const answers = await Promise.all([settle(id), settle(id, { ...finding, status: 'failed' }), settle(id)]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409, 409]);
    const won = answers.find(({ status }) => status === 200);
    expect((await desk.command(id)).status).to.equal(won?.body.status);
    const done = await desk.read(car());
    await desk.ended(done);
    const { status, body } = await settle(done);
    expect(status).to.equal(409);
    expect(body).to.include({ code: 'outcome-not-unknown', command_status: 'completed' });
  });

  it('before the late answer of the vehicle: that one changes nothing any more', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'latency', millis: 1600, count: 1 });
    const id = await desk.write(car(), 4, { timeout_seconds: 1 });
    await desk.until(id, ({ status }) => status === 'outcome_unknown');
    const { body } = await settle(id, { status: 'failed', reason: 'Seen on the vehicle.' });
    expect(body.status).to.equal('failed');
    await eventually(() => simulator.ledger.entries({ commandId: id })[0]?.ending === 'answered');
    // The next change goes through the same link, so what the service makes of the late answer is over by then.
    await desk.ended(await desk.write(car(), 2));
    expect(await desk.command(id)).to.deep.equal(body);
    expect(await desk.responses(id)).to.deep.equal([]);
  });

  it('after the late answer of the vehicle: refused, and the answer stands', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'latency', millis: 1600, count: 1 });
    const id = await desk.write(car(), 4, { timeout_seconds: 1 });
    const late = await desk.until(id, ({ status }) => status === 'completed');
    expect(late.settlement).to.include({ settled_by: 'dispatcher', reason: null });
    const { status, body } = await settle(id, { status: 'failed', reason: 'Seen on the vehicle.' });
    expect(status).to.equal(409);
    expect(body).to.include({ code: 'outcome-not-unknown', command_status: 'completed' });
    expect(await desk.command(id)).to.deep.equal(late);
  });

  it('is seen by whoever follows the command from where it had ended', async () => {
    const { program } = workshop;
    const { token } = await program.logInAs('admin');
    const { command_id: id, last_event_number: after } = await unknown();
    await settle(id);
    const { events } = await readStream(`${program.url}/api/v1/commands/${id}/events`, { token, after });
    expect(events.map(({ id: number, data }) => [number, data.to_status, data.reason])).to.deep.equal([
      [Number(after) + 1, 'completed', 'settled'],
    ]);
  });

  it('is not for viewers, needs a reason, and knows no other ends', async () => {
    const { program } = workshop;
    const { command_id: id } = await unknown();
    const viewer = await program.logInAs('viewer');
    const refused = await program.call(viewer.token, 'POST', `/commands/${id}/settle`, finding);
    expect([refused.status, refused.body.code]).to.deep.equal([403, 'role-insufficient']);
    for (const body of [
      { status: 'completed' },
      { status: 'cancelled', reason: 'x' },
      { status: 'failed', reason: ' ' },
    ]) {
      expect((await settle(id, body)).status).to.equal(400);
    }
  });
});
