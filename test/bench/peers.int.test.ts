import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import { addUser, testPassword } from '#support/program.js';
import { makeTemporaryDirectory } from '#support/temporary-directory.js';
import { useDatabase } from '#support/database.js';

import {
  contenderNames,
  contenderVariables,
  logIn,
  occupyDispatcher,
  silentVehicle,
  startContender,
} from '../../bench/contenders.js';
import { Processes } from '../../bench/processes.js';
import { checkSameContent } from '../../bench/same-content.js';
import { seed } from '../../bench/seed.js';

/** Enough for pages of 50, and for the vehicle that says nothing. */
const size = { vehicles: 1100, commands: 65_000 };

describe('the peers of the benchmark', function () {
  this.timeout(90_000);
  const database = useDatabase();

  it('answer, store and refuse as the service does', async () => {
    const processes = new Processes(await makeTemporaryDirectory('bench'));
    const variables = contenderVariables(database.url, 'warn');
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const { username } = await addUser(database.url, 'admin');
      await seed(database.url, 'http://127.0.0.1:1/', size);
      const silentUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      await database.query('update vehicles set sovd_base_url = $2 where vehicle_id = $1', [silentVehicle, silentUrl]);
      const service = await startContender(processes, 'sovd-fleet', variables);
      const token = await logIn(service.url, username, testPassword);
      await occupyDispatcher(service.url, token);
      for (const name of contenderNames.filter((contender) => contender !== 'sovd-fleet')) {
        const peer = await startContender(processes, name, variables);
        await checkSameContent(service, peer, token, database.url);
        await peer.stop();
      }
    } finally {
      await processes.close();
      silent.close();
    }
  });
});
