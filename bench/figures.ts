/** What was measured in a round; durations in milliseconds, from POST to the last event at the client. */
export interface RoundFigures {
  readonly commands: number;
  readonly commandsPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Of the service's process; undefined where the system doesn't tell. */
  readonly cpuMicrosPerCommand: number | undefined;
  /** Of the clients, whose work is always the same: it tells how fast the machine was just then. */
  readonly clientCpuMicrosPerCommand: number;
}

/** What was measured with a number of users. */
export interface LoadFigures {
  readonly users: number;
  /** Between two orders of a user; 0: the next follows at once. */
  readonly pauseMillis: number;
  readonly rounds: readonly RoundFigures[];
}

/** Everything that one run measures. */
export interface Figures {
  readonly cores: number;
  readonly node: string;
  /** What was in the database before. */
  readonly vehicles: number;
  readonly commands: number;
  readonly loads: readonly LoadFigures[];
  /** The same request straight to the vehicle, in milliseconds. */
  readonly directP50: number;
  readonly coldStartMillis: number;
  /** How long it had been idle since its start when its memory at rest was read. */
  readonly restSeconds: number;
  readonly restingMegabytes: number;
  readonly loadedMegabytes: number;
}

/** The value below which a share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** A row of the table: the medians of the rounds, and of the 95th percentile also the least and the most. */
function rowOf({ users, pauseMillis, rounds }: LoadFigures): string {
  const medianOf = (figure: keyof RoundFigures): number =>
    percentile(
      rounds.map((round) => round[figure] ?? Number.NaN),
      0.5,
    );
  const p95s = rounds.map(({ p95 }) => p95);
  const span = rounds.length === 1 ? '' : ` (${Math.min(...p95s).toFixed(1)} to ${Math.max(...p95s).toFixed(1)})`;
  const cpu = medianOf('cpuMicrosPerCommand');
  const cells = [
    users,
    pauseMillis === 0 ? 'at once' : `every ${pauseMillis / 1000} s`,
    `${rounds.length} x ${medianOf('commands')}`,
    medianOf('commandsPerSecond').toFixed(0),
    medianOf('p50').toFixed(1),
    medianOf('p95').toFixed(1) + span,
    medianOf('p99').toFixed(1),
    Number.isNaN(cpu) ? 'not known' : cpu.toFixed(0),
    medianOf('clientCpuMicrosPerCommand').toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The figures as a page for people. */
export function toMarkdown({ cores, node, vehicles, commands: stored, loads, directP50, ...rest }: Figures): string {
  return [
    '# Overhead of a command',
    '',
    `From POST /commands to the last event at the client, with a vehicle that answers at once; service, PostgreSQL (fsync on), vehicles and clients on ${cores} cores, Node ${node}; ${vehicles} vehicles and ${stored} commands stored before. Times in milliseconds; medians of the rounds.`,
    '',
    '| users | they order again | commands | commands/s | p50 | p95 | p99 | CPU µs of the service | of the clients |',
    '| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...loads.map(rowOf),
    '',
    `The same request straight to the vehicle: p50 ${directP50.toFixed(2)} ms.`,
    `Cold start to ready, database migrated: ${rest.coldStartMillis.toFixed(0)} ms (median).`,
    `Resident memory: ${rest.restingMegabytes.toFixed(0)} MB at rest ${rest.restSeconds} s after its start, ${rest.loadedMegabytes.toFixed(0)} MB after the load.`,
  ].join('\n');
}
