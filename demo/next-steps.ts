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
  const [combustionCar, electricCar = combustionCar] = vehicles;
  const engineer = accounts.at(-1);
  if (combustionCar === undefined || electricCar === undefined || engineer === undefined) return;
  const credentials = JSON.stringify({ username: engineer.username, password: engineer.password });
  const order = (vehicle: Vehicle, name: string, parameters: object): string =>
    JSON.stringify({ vehicle_id: vehicle.vehicle_id, command_name: name, command_params: parameters });
  const faults = { entity: 'components/engine-control' };
  say();
  say(`It goes on at ${url} until Ctrl-C; pages to try everything are at ${url}/docs`);
  say();
  for (const { username, password } of accounts) say(`  ${username.padEnd(9)} password ${password}`);
  say(`  ${'log'.padEnd(9)} ${logFile}`);
  say();
  say('Try next, in another terminal');
  say();
  say(`  API=${url}/api/v1`);
  say(`  TOKEN=$(curl -s $API/auth/login -H 'content-type: application/json' -d '${credentials}' \\`);
  say(`    | node -pe 'JSON.parse(require("fs").readFileSync(0)).access_token')`);
  say(`  order() { curl -s $API/commands -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\`);
  say(`    -H 'prefer: wait=30' -d "$1"; echo; }`);
  say();
  say(`  # What the ${electricCar.model} offers`);
  say(`  order '${order(electricCar, 'discover', {})}'`);
  say(`  # Clear the faults of the ${combustionCar.model}, and see what is left`);
  say(`  order '${order(combustionCar, 'clear-faults', faults)}'`);
  say(`  order '${order(combustionCar, 'read-faults', faults)}'`);
  say(`  # Who ordered what`);
  say(`  curl -s "$API/commands?limit=3" -H "authorization: Bearer $TOKEN"`);
}
