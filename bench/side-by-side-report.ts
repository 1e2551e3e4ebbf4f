import { baseline, type ContenderName } from './contenders.js';
import { measuredPaths } from './paths.js';
import { median } from './percentile.js';
import type { Measured } from './side-by-side.js';

/** What the rounds of one contender on one path come to. */
export interface Summary {
  readonly path: string;
  readonly contender: ContenderName;
  readonly requestsPerSecond: number;
  readonly lowest: number;
  readonly highest: number;
  /** Of requests a second to the baseline in the same round; the median of the rounds. */
  readonly ratio: number;
  readonly lowestRatio: number;
  readonly highestRatio: number;
  readonly p50Millis: number;
  readonly p99Millis: number;
  readonly cpuMicrosPerRequest: number | undefined;
  readonly statements: number;
  readonly roundTrips: number;
}

/** Medians and spreads, with the ratio to the baseline taken round by round. */
export function summarise(measured: readonly Measured[]): readonly Summary[] {
  return measured.map(({ path, contender, traffic, rounds }) => {
    const base = measured.find((other) => other.path === path && other.contender === baseline);
    const rates = rounds.map(({ requestsPerSecond }) => requestsPerSecond);
    const ratios = rates.map((rate, round) => rate / (base?.rounds[round]?.requestsPerSecond ?? Number.NaN));
    const cpu = rounds.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest).filter((value) => value !== undefined);
    return {
      path,
      contender,
      requestsPerSecond: median(rates),
      lowest: Math.min(...rates),
      highest: Math.max(...rates),
      ratio: median(ratios),
      lowestRatio: Math.min(...ratios),
      highestRatio: Math.max(...ratios),
      p50Millis: median(rounds.map(({ p50Millis }) => p50Millis)),
      p99Millis: median(rounds.map(({ p99Millis }) => p99Millis)),
      cpuMicrosPerRequest: cpu.length === 0 ? undefined : median(cpu),
      ...traffic,
    };
  });
}

/** The summaries as tables for people, one for each path. */
export function sideBySideMarkdown(summaries: readonly Summary[]): string {
  const paths = [...new Set(summaries.map(({ path }) => path))];
  return [...paths.map((path) => tableOf(path, summaries)), verdicts(summaries)].join('\n\n');
}

/** How much faster than the usual way every path has to be. */
const promisedOfUsual = 4;

function verdicts(summaries: readonly Summary[]): string {
  const lines = measuredPaths.map(({ name: path, promisedRatio }) => {
    const of = (contender: ContenderName): Summary | undefined =>
      summaries.find((summary) => summary.path === path && summary.contender === contender);
    const [service, usual] = [of('sovd-fleet'), of('express-sequelize')];
    const ratio = service?.ratio ?? Number.NaN;
    const ofUsual = ratio / (usual?.ratio ?? Number.NaN);
    const lessCpu = (usual?.cpuMicrosPerRequest ?? Number.NaN) / (service?.cpuMicrosPerRequest ?? Number.NaN);
    const isKept = ratio >= promisedRatio && ofUsual >= promisedOfUsual;
    const promised = `at least ${promisedRatio} and ${promisedOfUsual} are promised`;
    return `- ${path}: ${ratio.toFixed(2)} of ${baseline} and ${ofUsual.toFixed(1)} times express-sequelize (which takes ${lessCpu.toFixed(1)} times the CPU); ${promised}: ${isKept ? 'kept' : 'not kept'}`;
  });
  return lines.join('\n');
}

function tableOf(path: string, summaries: readonly Summary[]): string {
  const rows = summaries
    .filter((summary) => summary.path === path)
    .map((summary) => {
      const { requestsPerSecond, lowest, highest, ratio, lowestRatio, highestRatio, cpuMicrosPerRequest } = summary;
      const cells = [
        summary.contender,
        `${requestsPerSecond.toFixed(0)} (${lowest.toFixed(0)} to ${highest.toFixed(0)})`,
        `${ratio.toFixed(2)} (${lowestRatio.toFixed(2)} to ${highestRatio.toFixed(2)})`,
        cpuMicrosPerRequest?.toFixed(0) ?? 'not known',
        summary.p50Millis.toFixed(1),
        summary.p99Millis.toFixed(1),
        `${summary.statements} / ${summary.roundTrips}`,
      ];
      return `| ${cells.join(' | ')} |`;
    });
  return [
    `| ${path} | requests/s | ratio to ${baseline} | CPU µs | p50 ms | p99 ms | statements / round trips |`,
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}
