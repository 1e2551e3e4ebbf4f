import { Client, type QueryResult } from 'pg';

/** What a statement took from tables and indexes. */
export interface PlanCost {
  /** Rows that were looked at, whether they were wanted or not. */
  readonly rowsRead: number;
  /** Tables that were read from one end to the other. */
  readonly scannedTables: readonly string[];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Runs a statement, planned for its values, and tells what it took. */
export async function costOf(databaseUrl: string, text: string, values: readonly unknown[]): Promise<PlanCost> {
  return cost(databaseUrl, (client) => client.query(`explain (analyze, format json) ${text}`, [...values]));
}

/** Runs a statement with the plan that is kept for any values, and tells what it took. */
export async function costOfKeptPlan(
  databaseUrl: string,
  text: string,
  values: readonly (string | number)[],
): Promise<PlanCost> {
  return cost(databaseUrl, async (client) => {
    await client.query('set plan_cache_mode = force_generic_plan');
    await client.query(`prepare kept as ${text}`);
    const shown = values.map((value) => client.escapeLiteral(String(value))).join(', ');
    return client.query(`explain (analyze, format json) execute kept (${shown})`);
  });
}

async function cost(databaseUrl: string, explain: (client: Client) => Promise<QueryResult>): Promise<PlanCost> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await explain(client);
    const nodes = flatten(rows[0]['QUERY PLAN'][0].Plan as PlanNode);
    const scans = nodes.filter((node) => node['Relation Name'] !== undefined || node.Plans === undefined);
    return {
      rowsRead: scans.reduce((sum, node) => sum + rowsOf(node), 0),
      scannedTables: nodes
        .filter((node) => node['Node Type'] === 'Seq Scan')
        .map((node) => node['Relation Name'] ?? 'something'),
    };
  } finally {
    await client.end();
  }
}

function flatten(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

function rowsOf(node: PlanNode): number {
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return (node['Actual Rows'] + removed) * node['Actual Loops'];
}
