import { percentile } from './figures.js';
import type { BenchRequest, Round } from './requests.js';

/** All rounds of one request, by contestant, in the order in which they were run. */
export interface Comparison {
  readonly request: BenchRequest;
  readonly rounds: ReadonlyMap<string, readonly Round[]>;
  readonly costs: ReadonlyMap<string, Cost>;
}

/** What a request costs the database. */
export interface Cost {
  readonly statements: number;
  readonly roundTrips: number;
}

/** A contestant's line. */
export interface Line {
  readonly name: string;
  readonly perSecond: number;
  /** Half of the distance between the slowest and the fastest round, as a share of the median. */
  readonly spread: number;
  /** Median of the ratios to the baseline, each of the same round. */
  readonly ratio: number;
  readonly processorMicros: number;
  readonly statements: number;
  readonly roundTrips: number;
  readonly p50: number;
  readonly p99: number;
}

/** The lines of a comparison. */
export function linesOf({ rounds, costs }: Comparison, baseline: string): readonly Line[] {
  const base = rounds.get(baseline) ?? [];
  return [...rounds].map(([name, own]) => {
    const rates = own.map(({ perSecond }) => perSecond);
    const median = percentile(rates, 0.5);
    return {
      name,
      perSecond: median,
      spread: (Math.max(...rates) - Math.min(...rates)) / 2 / median,
      ratio: percentile(
        own.map(({ perSecond }, index) => perSecond / (base[index]?.perSecond ?? Number.NaN)),
        0.5,
      ),
      processorMicros: percentile(
        own.map((round) => round.processorMicros),
        0.5,
      ),
      statements: costs.get(name)?.statements ?? Number.NaN,
      roundTrips: costs.get(name)?.roundTrips ?? Number.NaN,
      p50: percentile(
        own.map((round) => round.p50),
        0.5,
      ),
      p99: percentile(
        own.map((round) => round.p99),
        0.5,
      ),
    };
  });
}

/** The comparisons as a page for people. */
export function comparisonPage(comparisons: readonly Comparison[], baseline: string): string {
  return comparisons
    .map((comparison) => {
      const lines = linesOf(comparison, baseline).map((line) =>
        [
          line.name,
          line.perSecond.toFixed(0),
          `±${(line.spread * 100).toFixed(0)} %`,
          line.ratio.toFixed(2),
          line.processorMicros.toFixed(0),
          String(line.statements),
          String(line.roundTrips),
          line.p50.toFixed(0),
          line.p99.toFixed(0),
        ].join(' | '),
      );
      return [
        `### ${comparison.request.title}`,
        '',
        `| | requests/s | spread | ratio to ${baseline} | CPU µs a request | statements | round trips | p50 ms | p99 ms |`,
        '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
        ...lines.map((line) => `| ${line} |`),
      ].join('\n');
    })
    .join('\n\n');
}
