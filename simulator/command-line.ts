import { parseArgs } from 'node:util';
import { z } from 'zod';

import type { SimulatorOptions } from './simulator.js';

/** What the program prints for --help, and below complaints. */
export const usage = `Usage: node dist/simulator/main.js [options]

  --port N              port to listen on, 0 for a free one (SIMULATOR_PORT, 9100)
  --host ADDRESS        address to listen on (SIMULATOR_HOST, 127.0.0.1)
  --vehicles N          how many vehicles, 1 to 1000 (SIMULATOR_VEHICLES, 2)
  --public-url URL      where clients reach it, if not http://host:port (SIMULATOR_PUBLIC_URL)
  --execution-millis N  how long routines take (SIMULATOR_EXECUTION_MILLIS, 1500)
  --control-token TEXT  bearer token for the control endpoint (SIMULATOR_CONTROL_TOKEN, none)
  --help                this text`;

/** What to do, as the person at the terminal wants it. */
export type Settings =
  | { readonly kind: 'start'; readonly options: SimulatorOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly complaints: readonly string[] };

const names = ['port', 'host', 'vehicles', 'public-url', 'execution-millis', 'control-token'] as const;

const wholeNumber = (min: number, max: number, otherwise: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/u, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .default(otherwise);

const settingsShape = z.object({
  port: wholeNumber(0, 65_535, 9100),
  host: z.string().min(1).default('127.0.0.1'),
  vehicles: wholeNumber(1, 1000, 2),
  'public-url': z.url({ protocol: /^https?$/u, error: 'must be an http or https URL' }).optional(),
  'execution-millis': wholeNumber(0, 3_600_000, 1500),
  'control-token': z.string().min(1).optional(),
});

/** Reads options and environment, options first. Says everything that is wrong at once. */
export function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const given = parse(args);
  if ('complaint' in given) return { kind: 'wrong', complaints: [given.complaint] };
  if (given.help) return { kind: 'help' };
  const merged = Object.fromEntries(names.map((name) => [name, given.values[name] ?? environment[variableOf(name)]]));
  const parsed = settingsShape.safeParse(merged);
  if (!parsed.success) {
    const complaints = parsed.error.issues.map((issue) => `--${String(issue.path[0])}: ${issue.message}`);
    return { kind: 'wrong', complaints };
  }
  const { port, host, vehicles } = parsed.data;
  const { 'public-url': publicUrl, 'execution-millis': executionMillis, 'control-token': controlToken } = parsed.data;
  const optional = {
    ...(publicUrl !== undefined && { publicUrl }),
    ...(controlToken !== undefined && { controlToken }),
  };
  return { kind: 'start', options: { port, host, vehicles, executionMillis, ...optional } };
}

function variableOf(name: string): string {
  return `SIMULATOR_${name.replaceAll('-', '_').toUpperCase()}`;
}

function parse(
  args: readonly string[],
): { readonly values: Readonly<Record<string, string>>; readonly help: boolean } | { readonly complaint: string } {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean' as const } } });
    const texts = Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []));
    return { values: Object.fromEntries(texts) as Record<string, string>, help: values.help === true };
  } catch (error) {
    return { complaint: error instanceof Error ? error.message : String(error) };
  }
}
