import { contenderVariables, occupyDispatcher, startContender, type ContenderName } from './contenders.js';
import { tapDatabase, type Traffic } from './database-tap.js';
import { load, type LoadResult } from './load.js';
import { measuredPaths, type MeasuredPath } from './paths.js';
import type { Listening, Processes } from './processes.js';
import { checkSameContent } from './same-content.js';
import { forgetOrders } from './seed.js';

/** How much is measured. */
export interface Effort {
  readonly rounds: number;
  readonly secondsPerLoad: number;
  readonly warmUpSeconds: number;
  readonly contenders: readonly ContenderName[];
}

/** What all contenders share. */
export interface Stage {
  readonly databaseUrl: string;
  /** The admin's access token, which all contenders accept. */
  readonly token: string;
  readonly logLevel: string;
}

/** What one contender has shown on one path, a result for each round. */
export interface Measured {
  readonly path: string;
  readonly contender: ContenderName;
  readonly traffic: Traffic;
  readonly rounds: readonly LoadResult[];
}

interface Contender {
  readonly name: ContenderName;
  readonly server: Listening;
}

const countedRequests = 10;

/** Loads the service and its peers in turn, round by round, after having checked that they do the same work. */
export async function measureSideBySide(
  processes: Processes,
  stage: Stage,
  effort: Effort,
  say: (line: string) => void,
): Promise<readonly Measured[]> {
  const traffic = await countTraffic(processes, stage, effort.contenders);
  const variables = contenderVariables(stage.databaseUrl, stage.logLevel);
  const contenders: Contender[] = [];
  for (const name of effort.contenders) {
    contenders.push({ name, server: await startContender(processes, name, variables) });
  }
  try {
    const service = contenders.find(({ name }) => name === 'sovd-fleet');
    if (service === undefined) throw new Error('the service is missing');
    const { token } = stage;
    await occupyDispatcher(service.server.url, token);
    for (const { server } of contenders) await checkSameContent(service.server, server, token, stage.databaseUrl);
    say('all give the same content');
    const measured: Measured[] = [];
    for (const path of measuredPaths) {
      const results = await takeTurns(contenders, path, stage, effort, say);
      for (const { name } of contenders) {
        const counted = traffic.get(`${name} ${path.name}`) ?? { statements: Number.NaN, roundTrips: Number.NaN };
        measured.push({ path: path.name, contender: name, traffic: counted, rounds: results.get(name) ?? [] });
      }
    }
    return measured;
  } finally {
    await Promise.all(contenders.map(({ server }) => server.stop()));
  }
}

async function takeTurns(
  contenders: readonly Contender[],
  path: MeasuredPath,
  stage: Stage,
  effort: Effort,
  say: (line: string) => void,
): Promise<ReadonlyMap<ContenderName, LoadResult[]>> {
  const results = new Map<ContenderName, LoadResult[]>(contenders.map(({ name }) => [name, []]));
  const loadOnce = async (server: Listening, seconds: number): Promise<LoadResult> => {
    const since = new Date();
    const result = await load(server, path.requests, stage.token, seconds);
    if (path.isWrite) await forgetOrders(stage.databaseUrl, since);
    return result;
  };
  for (const { server } of contenders) await loadOnce(server, effort.warmUpSeconds);
  for (let round = 1; round <= effort.rounds; round += 1) {
    for (const { name, server } of contenders) {
      const result = await loadOnce(server, effort.secondsPerLoad);
      results.get(name)?.push(result);
      say(`${path.name}, round ${round}: ${name} ${result.requestsPerSecond.toFixed(0)}/s`);
    }
  }
  return results;
}

/** Statements and round trips a request, one request at a time. */
async function countTraffic(
  processes: Processes,
  stage: Stage,
  names: readonly ContenderName[],
): Promise<ReadonlyMap<string, Traffic>> {
  const counted = new Map<string, Traffic>();
  const since = new Date();
  for (const name of names) {
    const tap = await tapDatabase(stage.databaseUrl);
    const server = await startContender(processes, name, contenderVariables(tap.url, 'warn'));
    try {
      const { token } = stage;
      if (name === 'sovd-fleet') await occupyDispatcher(server.url, token);
      for (const path of measuredPaths) {
        const [first] = path.requests;
        if (first === undefined) continue;
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const ask = async (): Promise<void> => {
          const { method, body } = first;
          const response = await fetch(server.url + first.path, {
            method,
            headers,
            ...(body !== undefined && { body }),
          });
          await response.arrayBuffer();
          if (!response.ok) {
            throw new Error(`${name} answers ${first.path} with ${response.status}:\n${await server.errors()}`);
          }
        };
        for (let count = 0; count < countedRequests; count += 1) await ask();
        tap.clear();
        for (let count = 0; count < countedRequests; count += 1) await ask();
        const { statements, roundTrips } = tap.traffic();
        counted.set(`${name} ${path.name}`, {
          statements: statements / countedRequests,
          roundTrips: roundTrips / countedRequests,
        });
      }
    } finally {
      await server.stop();
      await tap.close();
    }
  }
  await forgetOrders(stage.databaseUrl, since);
  return counted;
}
