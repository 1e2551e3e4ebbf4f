import type { Role } from '#application/domain/user.js';

import { largest, nth, rare, secondsBetween, sizes } from './large-database.js';

/** Who asks. */
export type Asker = Extract<Role, 'admin'> | 'of a large fleet' | 'of small fleets';

/** A list as somebody asks for it, and what it may cost. */
export interface ListCase {
  /** As in the OpenAPI document, below the prefix. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly askers: readonly Asker[];
  /** Where a page deep in the list begins; none for what has no pages. */
  readonly deep?: string;
  /** More than a page and what lies between its rows, for a reason. */
  readonly maxRowsRead?: number;
  readonly maxPages?: number;
  /** A part of a text has no index: the table of vehicles may be read for it as a whole. */
  readonly mayScan?: string;
}

const day = 86_400_000;
const before = (milliseconds: number): string => new Date(Date.now() - milliseconds).toISOString();

/** A cursor of a list by time, at a time. */
const cursorAt = (milliseconds: number): string =>
  Buffer.from(`${Date.now() - milliseconds} 00000000-0000-7000-8000-000000000000`).toString('base64url');

const everybody: readonly Asker[] = ['admin', 'of a large fleet', 'of small fleets'];
const admin: readonly Asker[] = ['admin'];

/** How long ago four fifths of the commands were submitted, in milliseconds. */
const longAgo = sizes.commands * secondsBetween * 800;
const recently = { after: before(2 * day), before: before(day) };

const vehicleQueries: readonly Record<string, string>[] = [
  {},
  { include_retired: 'true' },
  { status: 'connected' },
  { status: 'error' },
  { make: 'Make 3' },
  { make: 'rarissima' },
  { make: 'none' },
  { model: 'model 7' },
  { fleet_id: nth.fleet(7) },
  { q: 'Model' },
  { make: 'Make 1', model: 'Model 50', status: 'connected' },
  { fleet_id: nth.fleet(7), status: 'disconnected' },
];

const commandQueries: readonly Record<string, string>[] = [
  {},
  { vehicle_id: nth.vehicle(5) },
  { vehicle_id: nth.vehicle(8000) },
  { fleet_id: nth.fleet(7) },
  { user_id: nth.user(51) },
  { user_id: nth.user(rare.user) },
  ...['pending', 'in_progress', 'completed', 'failed', 'cancelled', 'expired', rare.status].map((status) => ({
    status,
  })),
  { command_name: 'read-faults' },
  { command_name: rare.name },
  { submitted_after: recently.after },
  { submitted_before: recently.before },
  { submitted_after: recently.after, submitted_before: recently.before },
  { vehicle_id: nth.vehicle(5), status: 'failed' },
  { vehicle_id: nth.vehicle(5), user_id: nth.user(51) },
  { vehicle_id: nth.vehicle(5), submitted_after: recently.after, submitted_before: recently.before },
  { user_id: nth.user(51), status: 'completed' },
  { user_id: nth.user(rare.user), command_name: rare.name },
  { status: rare.status, command_name: rare.name },
  { status: 'failed', submitted_after: recently.after, submitted_before: recently.before },
  { command_name: 'read-data', submitted_after: recently.after, submitted_before: recently.before },
  { fleet_id: nth.fleet(7), status: 'failed' },
];

const auditQueries: readonly Record<string, string>[] = [
  {},
  { user_id: nth.user(51) },
  { user_id: nth.user(rare.user) },
  { username: 'USER-51' },
  { username: `user-${rare.user}` },
  { action: 'command.end' },
  { action: 'vehicle.retire' },
  { entity_type: 'command' },
  { entity_type: 'vehicle' },
  { entity_id: nth.command(500) },
  { vehicle_id: nth.vehicle(5) },
  { vehicle_id: nth.vehicle(rare.vehicle) },
  { command_id: nth.command(500) },
  { outcome: 'success' },
  { outcome: 'refused' },
  { request_id: 'request-500' },
  { occurred_after: recently.after },
  { occurred_before: recently.before },
  { occurred_after: recently.after, occurred_before: recently.before },
  { user_id: nth.user(51), action: 'command.end' },
  { vehicle_id: nth.vehicle(5), outcome: 'success' },
  { action: 'command.end', outcome: 'success', occurred_after: recently.after, occurred_before: recently.before },
];

const commandDay = Math.ceil(day / 1000 / secondsBetween);

/** Every list of the API, with each of its filters and the combinations that people use. */
export const listCases: readonly ListCase[] = [
  { path: '/auth/sessions', askers: ['admin'], deep: cursorAt(150 * 5000) },
  ...[{}, { role: 'admin' }, { role: 'viewer' }, { is_active: 'true' }, { is_active: 'false' }, { q: 'user-' }].map(
    (query): ListCase => ({ path: '/users', query, askers: admin, deep: cursorAt(300 * day) }),
  ),
  { path: '/fleets', askers: everybody, deep: cursorAt(200 * day) },
  {
    path: '/fleets/{fleet_id}/members',
    params: { fleet_id: nth.fleet(largest.fleet) },
    askers: admin,
    deep: cursorAt(4000 * 60_000),
  },
  ...vehicleQueries.map((query): ListCase => ({
    path: '/vehicles',
    query,
    askers: everybody,
    deep: cursorAt(8000 * 60_000),
    ...('q' in query ? { mayScan: 'vehicles', maxRowsRead: sizes.vehicles } : {}),
  })),
  // All that the filters leave, which is read as the list is.
  {
    path: '/vehicles/export',
    query: {
      fleet_id: nth.fleet(7),
      status: 'error',
      make: 'Make 3',
      model: 'model 7',
      q: 'Model',
      include_retired: 'true',
    },
    askers: everybody,
  },
  ...commandQueries.map((query): ListCase => ({
    path: '/commands',
    query,
    askers: everybody,
    deep: cursorAt(longAgo),
  })),
  ...['responses', 'transitions'].map((part): ListCase => ({
    path: `/commands/{command_id}/${part}`,
    params: { command_id: nth.command(largest.command) },
    askers: ['admin', 'of a large fleet'],
    deep: 'n4000',
  })),
  ...auditQueries.map((query): ListCase => ({ path: '/audit-logs', query, askers: admin, deep: cursorAt(longAgo) })),
  ...auditQueries
    .filter((query) => Object.keys(query).length === 1)
    .map((query): ListCase => {
      const range = { occurred_after: before(3_600_000), occurred_before: before(0) };
      return { path: '/audit-logs/export', query: { ...range, ...query }, askers: admin };
    }),
  // It counts what lies in the range, and nothing else.
  {
    path: '/stats/commands',
    query: { from: recently.after, to: recently.before },
    askers: everybody,
    maxRowsRead: 3 * commandDay,
    maxPages: 3 * commandDay,
  },
  {
    path: '/stats/commands',
    query: { from: recently.after, to: recently.before, vehicle_id: nth.vehicle(5) },
    askers: ['admin', 'of a large fleet'],
  },
];
