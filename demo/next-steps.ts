import type { Vehicle } from './api-client.js';
import { say } from './terminal.js';

/** An account of the demo, with its password. */
export interface Account {
  readonly username: string;
  readonly password: string;
}

interface Surroundings {
  readonly url: string;
  readonly vehicles: readonly Vehicle[];
  readonly accounts: readonly Account[];
  readonly logFile: string;
}

/** Prints what can be tried on the running service; the lines can be copied as they are. */
export function sayNextSteps({ url, vehicles, accounts, logFile }: Surroundings): void {
  const [tourer, volta = tourer] = vehicles;
  const engineer = accounts.at(-1);
  if (tourer === undefined || volta === undefined || engineer === undefined) return;
  const credentials = JSON.stringify({ username: engineer.username, password: engineer.password });
  const lines = `
The service goes on at ${url} until Ctrl-C. To try it in a browser: ${url}/docs

${accounts.map(({ username, password }) => `  ${username.padEnd(9)} password ${password}`).join('\n')}
  log       ${logFile}

Try next, in another terminal:

  API=${url}/api/v1
  TOKEN=$(curl -s $API/auth/login -H 'content-type: application/json' \\
    -d '${credentials}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  order() { curl -s $API/commands -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
    -H 'prefer: wait=30' -d "{\\"vehicle_id\\":\\"$1\\",\\"command_name\\":\\"$2\\",\\"command_params\\":$3}"; echo; }
  TOURER=${tourer.vehicle_id}
  VOLTA=${volta.vehicle_id}

  order $TOURER clear-faults '{"entity":"components/engine-control"}'
  order $TOURER read-faults '{"entity":"components/engine-control"}'
  order $VOLTA read-data '{"entity":"components/battery-management","data_ids":["state-of-charge"]}'
  curl -s "$API/commands?limit=3" -H "authorization: Bearer $TOKEN"`;
  for (const line of lines.split('\n')) say(line);
}
