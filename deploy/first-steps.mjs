/*
 * Run by `make up` in a container, when the service and the simulated vehicles are healthy: makes the first administrator,
 * registers the vehicles that aren't yet, and prints what to do next. May be run again at any time.
 */
import { spawnSync } from 'node:child_process';

const adminName = 'admin';
const { ADMIN_PASSWORD, SERVICE_URL, PUBLIC_URL, VEHICLES_URL } = process.env;

async function ask(method, path, { token, body } = {}) {
  const answer = await fetch(`${SERVICE_URL}/api/v1${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    signal: AbortSignal.timeout(15_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

function refused(what, { status, body }) {
  return new Error(`${what} was answered with ${status}: ${JSON.stringify(body)}`);
}

function logIn() {
  return ask('POST', '/auth/login', { body: { username: adminName, password: ADMIN_PASSWORD } });
}

async function logInOrCreate() {
  const known = await logIn();
  if (known.status === 200) return known.body.access_token;
  const created = spawnSync(
    process.execPath,
    ['dist/src/create-admin.js', '--username', adminName, '--email', 'admin@sovd-fleet.example'],
    { encoding: 'utf8' },
  );
  if (created.status !== 0) throw new Error(`The administrator could not be made:\n${created.stdout}${created.stderr}`);
  const fresh = await logIn();
  if (fresh.status !== 200) throw refused('The login', fresh);
  return fresh.body.access_token;
}

async function registerVehicle(token, { vin, make, model, model_year, sovd_base_url }) {
  const body = { vin, make, model, model_year, sovd_base_url };
  const answer = await ask('POST', '/vehicles', { token, body });
  if (answer.status === 201) return answer.body;
  if (answer.body.code !== 'vin-taken') throw refused('The registration', answer);
  const found = await ask('GET', `/vehicles?q=${vin}`, { token });
  const vehicle = found.body.items?.find((item) => item.vin === vin);
  if (vehicle === undefined) throw refused('The search for the vehicle', found);
  return vehicle;
}

async function listSimulatedVehicles() {
  const answer = await fetch(VEHICLES_URL, { signal: AbortSignal.timeout(15_000) });
  const { items } = await answer.json();
  return items;
}

const token = await logInOrCreate();
const vehicles = [];
for (const description of await listSimulatedVehicles()) vehicles.push(await registerVehicle(token, description));
const order = {
  vehicle_id: vehicles[0].vehicle_id,
  command_name: 'read-faults',
  command_params: { entity: 'components/engine-control', details: true },
};

console.log(`
sovd-fleet is running at ${PUBLIC_URL}, with pages to try it at ${PUBLIC_URL}/docs
The account is ${adminName}; its password is ADMIN_PASSWORD in .env.

${vehicles.map(({ vehicle_id: id, vin, make, model }) => `  ${id}  ${vin}  ${make} ${model}`).join('\n')}

Read the faults of a vehicle:

  API=${PUBLIC_URL}/api/v1
  PASSWORD=$(sed -n 's/^ADMIN_PASSWORD=//p' .env)
  TOKEN=$(curl -s $API/auth/login -H 'content-type: application/json' \\
    -d "{\\"username\\":\\"${adminName}\\",\\"password\\":\\"$PASSWORD\\"}" | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')
  curl -s $API/commands -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
    -H 'prefer: wait=30' -d '${JSON.stringify(order)}'
`);
