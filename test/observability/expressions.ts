import { createRequire } from 'node:module';

import { parse } from 'yaml';

import { readText } from '../documentation/repository.js';

interface TreeNode {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly firstChild: TreeNode | null;
  readonly lastChild: TreeNode | null;
  readonly getChild: (name: string) => TreeNode | null;
}

interface Cursor {
  readonly name: string;
  readonly type: { readonly isError: boolean };
  readonly from: number;
  readonly to: number;
  readonly node: TreeNode;
}

interface Parser {
  readonly parse: (text: string) => { readonly iterate: (options: { enter: (node: Cursor) => void }) => void };
}

// The grammar that Prometheus's own pages use.
const { parser } = createRequire(import.meta.url)('@prometheus-io/lezer-promql') as { readonly parser: Parser };

/** A PromQL expression, and where it stands. */
export interface Expression {
  readonly where: string;
  readonly text: string;
}

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

/** All expressions of the alert rules and of the dashboard. */
export async function readExpressions(): Promise<readonly Expression[]> {
  const { groups } = parse(await readText('deploy/prometheus/alerts.yml')) as Rules;
  const { panels } = JSON.parse(await readText('deploy/grafana/sovd-fleet.json')) as Dashboard;
  return [
    ...groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ where: alert, text: expr }))),
    ...panels.flatMap(({ title, targets }) =>
      // Grafana puts a duration there.
      targets.map(({ expr }) => ({ where: title, text: expr.replaceAll('$__rate_interval', '1m') })),
    ),
  ];
}

/** What is in an expression: metrics by name, the two sides of each division, and how many places can't be read. */
export function partsOf(text: string) {
  const metrics: string[] = [];
  const divisions: (readonly [string, string])[] = [];
  let errors = 0;
  const textOf = ({ from, to }: TreeNode): string => text.slice(from, to);
  parser.parse(text).iterate({
    enter: ({ name, type, node }) => {
      if (type.isError) errors += 1;
      if (name === 'VectorSelector') {
        const identifier = node.getChild('Identifier');
        if (identifier !== null) metrics.push(textOf(identifier));
      }
      if (name !== 'BinaryExpr' || node.getChild('Div') === null) return;
      const { firstChild, lastChild } = node;
      if (firstChild !== null && lastChild !== null) divisions.push([textOf(firstChild), textOf(lastChild)]);
    },
  });
  return { metrics, divisions, errors };
}
