import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { startProgram, type RunningProgram } from '#support/program.js';

describe('the purge of sessions', () => {
  const database = useDatabase();
  let service: RunningProgram;

  before(async () => {
    service = await startProgram(database.url, { PURGE_INTERVAL_SECONDS: '1' });
  });
  after(() => service.stop());

  it('deletes what has expired and leaves the rest, and one for a revoked family that could still be used', async () => {
    const [alive, expired, revoked] = await Promise.all([1, 2, 3].map(() => service.logInAs('viewer')));
    const { refreshToken = '' } = revoked ?? {};
    await service.call(undefined, 'POST', '/auth/refresh', { refresh_token: refreshToken });
    const past = "expires_at = now() - interval '1 second'";
    await database.query(`update sessions set ${past} where user_id = $1`, [expired?.userId]);
    await database.query(
      `update sessions set ${past}, revoked_at = now() where user_id = $1 and rotated_at is not null`,
      [revoked?.userId],
    );
    const owners = async () =>
      (await database.query<{ user_id: string }>('select user_id from sessions')).map(({ user_id: id }) => id);
    while ((await owners()).includes(expired?.userId ?? ''));
    expect(await owners()).to.have.members([alive?.userId, revoked?.userId, revoked?.userId]);
  });
});
