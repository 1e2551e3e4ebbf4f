import pg from 'pg';

import type { SentStatement } from '../wire-tap.js';

/** What a statement takes from tables and indexes, as PostgreSQL counted it while it ran. */
export interface StatementCost {
  /** Rows that were looked at, whether they were wanted or not; entries of an index alone count as pages. */
  readonly rowsRead: number;
  /** The most rows that went into one sort. */
  readonly rowsSorted: number;
  /** Pages of 8 KiB, in memory or not. */
  readonly pages: number;
  /** Tables that were read from one end to the other. */
  readonly scannedTables: readonly string[];
}

/** Whether it is planned for its values, or once for any. */
export type Planning = 'custom' | 'generic';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Runs a statement as it was sent, and undoes what it did. */
export async function costOfSent(
  databaseUrl: string,
  { text, values }: SentStatement,
  planning: Planning,
): Promise<StatementCost> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('begin');
  try {
    await client.query(`set local plan_cache_mode = force_${planning}_plan`);
    await client.query(`prepare sent as ${text}`);
    const literals = values.map((value) => (value === null ? 'null' : pg.escapeLiteral(value)));
    const { rows } = await client.query(
      `explain (analyze, buffers, format json) execute sent${literals.length === 0 ? '' : `(${literals.join(', ')})`}`,
    );
    return costOfPlan(rows[0]['QUERY PLAN'][0].Plan as PlanNode);
  } finally {
    await client.query('rollback');
    await client.end();
  }
}

function costOfPlan(plan: PlanNode): StatementCost {
  const nodes = flatten(plan);
  const scans = nodes.filter((node) => node['Relation Name'] !== undefined);
  return {
    rowsRead: scans.reduce((sum, node) => sum + rowsOf(node), 0),
    rowsSorted: Math.max(0, ...nodes.filter(isSort).map((node) => sum((node.Plans ?? []).map(rowsOf)))),
    pages: (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0),
    scannedTables: nodes
      .filter((node) => node['Node Type'] === 'Seq Scan' && node['Actual Loops'] > 0)
      .map((node) => node['Relation Name'] ?? 'something'),
  };
}

function isSort(node: PlanNode): boolean {
  return node['Node Type'] === 'Sort' || node['Node Type'] === 'Incremental Sort';
}

function flatten(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

function rowsOf(node: PlanNode): number {
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return (node['Actual Rows'] + removed) * node['Actual Loops'];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
