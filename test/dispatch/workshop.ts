import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase, type TestDatabase } from '#support/database.js';
import { startProgram, type RunningProgram } from '#support/program.js';

import { checkBooks } from './books.js';
import { openDesk, type CommandDesk } from './command-desk.js';

interface WorkshopOptions {
  readonly vehicles: number;
  /** For the service, as an operator would set them. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly executionMillis?: number;
}

/** One service with a database of its own, simulated vehicles that are registered, and somebody who orders commands. */
export interface Workshop {
  readonly database: TestDatabase;
  readonly program: RunningProgram;
  readonly simulator: Simulator;
  readonly desk: CommandDesk;
  /** The id of a vehicle, `car-1` or the like. */
  readonly car: (key?: string) => string;
}

/** Inside a `describe`: opens a workshop for its tests. After each of them all cars are as new and the books are checked. */
export function useWorkshop({ vehicles, variables = {}, executionMillis = 200 }: WorkshopOptions): Workshop {
  const database = useDatabase();
  let open: Omit<Workshop, 'database' | 'car'> | undefined;
  let cars: ReadonlyMap<string, string> = new Map();

  before('a workshop', async () => {
    const simulator = await startSimulator({ vehicles, executionMillis });
    const program = await startProgram(database.url, { DISPATCH_POLL_MS: '100', ...variables });
    const desk = await openDesk(database, program.url);
    open = { simulator, program, desk };
    cars = new Map(
      await Promise.all(
        simulator.vehicles.map(async ({ key, baseUrl }) => [key, await desk.register(baseUrl)] as const),
      ),
    );
  });
  afterEach('all as new', async () => {
    open?.simulator.reset();
    // What the last exchange showed would have changes refused.
    await database.query("update vehicles set connection_status = 'disconnected', last_checked_at = null");
    await checkBooks(database);
  });
  after('a workshop', async () => {
    await open?.program.stop();
    await open?.simulator.close();
    open = undefined;
  });

  function current(): Omit<Workshop, 'database' | 'car'> {
    if (open === undefined) throw new Error('The workshop is open only while tests and their hooks run.');
    return open;
  }

  return {
    database,
    get program() {
      return current().program;
    },
    get simulator() {
      return current().simulator;
    },
    get desk() {
      return current().desk;
    },
    car: (key = 'car-1') => {
      const id = cars.get(key);
      if (id === undefined) throw new Error(`There is no ${key}.`);
      return id;
    },
  };
}
