import type { InferAttributes } from 'sequelize';

import type { CommandStatus } from '#application/domain/command-state.js';
import type { CommandErrorCode } from '#application/domain/response.js';
import { Vehicle, type Contact } from '#application/domain/vehicle.js';
import type { VehicleScope, Visible } from '#application/domain/visibility-scope.js';
import type { SealedCredentials } from '#application/domain/vehicle-credentials.js';
import type { VehicleStatus } from '#application/domain/vehicle-status.js';
import type { Page, PageRequest } from '#application/ports/paging.js';
import type {
  OrderedVehicle,
  VehicleFilter,
  VehicleRepository,
  VehicleWithCredentials,
} from '#application/ports/vehicle-repository.js';

import { JsonRows } from '../json-rows.js';
import { columnsOf } from '../model-columns.js';
import { isWithoutFilters, likeContains, QueryConditions, toPage } from '../query-conditions.js';
import type { UnitStatements } from '../unit-statements.js';
import { scopedList, scopeJoin, type VisibleRow } from '../visible-rows.js';
import { toCredentialSummary } from './credential-summary.js';
import type { VehicleCredentialModel } from './vehicle-credential-model.js';
import { VehicleModel } from './vehicle-model.js';

/** A row as the driver gives it. */
export type VehicleRow = InferAttributes<VehicleModel>;

const loadStatusText = (join: string): string => `
  select ${columnsOf(VehicleModel, 'v')}, n.pending_count, n.running_count,
    l.command_id as last_command_id, l.command_name as last_command_name, l.status as last_command_status,
    l.submitted_at as last_submitted_at, l.completed_at as last_completed_at, l.error_code as last_command_error_code
  from vehicles v
  ${join}
  cross join lateral (
    select (count(*) filter (where c.status = 'pending'))::integer as pending_count,
      (count(*) filter (where c.status = 'in_progress'))::integer as running_count
    from commands c
    where c.vehicle_id = v.vehicle_id and c.status in ('pending', 'in_progress')
  ) n
  left join lateral (
    select * from commands c where c.vehicle_id = v.vehicle_id order by c.submitted_at desc, c.command_id desc limit 1
  ) l on true
  where v.vehicle_id = $1`;

/** The columns of `vehicle_credentials` in a join that may meet nothing. */
type CredentialColumns = NullableOf<Pick<InferAttributes<VehicleCredentialModel>, 'key_id' | 'origin' | 'sealed'>>;
type NullableOf<Row> = { readonly [Column in keyof Row]: Row[Column] | null };

/** A row of `vehicles` joined with that of its credentials, if it has any. */
export type VehicleWithCredentialsRow = VehicleRow & CredentialColumns;

/** The columns of such a row for a select list, behind the aliases `v` and `k`. */
export function columnsWithCredentials(): string {
  return `${columnsOf(VehicleModel, 'v')}, k.key_id, k.origin, k.sealed`;
}

/** The vehicle of such a row, with its credentials. */
export function toVehicleWithCredentials(row: VehicleWithCredentialsRow): VehicleWithCredentials {
  return { vehicle: toVehicle(row), credentials: toSealed(row) };
}

type OrderedRow = VehicleWithCredentialsRow & VisibleRow & { readonly is_idle: boolean };

const insertText = `
  insert into vehicles (vehicle_id, vin, make, model, model_year, sovd_base_url, connection_status, metadata, version,
    created_at, updated_at, fleet_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`;

/** What an exchange has shown since the vehicle was read stays, unless the vehicle moves to another address. */
const saveText = `
  update vehicles
  set make = $3, model = $4, model_year = $5, sovd_base_url = $6, metadata = $7,
    connection_status = case when sovd_base_url = $6 then connection_status else $8 end,
    last_checked_at = case when sovd_base_url = $6 then last_checked_at else $9 end,
    last_error_code = case when sovd_base_url = $6 then last_error_code else $13 end,
    retired_at = $10, updated_at = $11, version = $2, fleet_id = $12
  where vehicle_id = $1 and version = $2 - 1`;

const recordContactText = `
  update vehicles
  set connection_status = $2, last_checked_at = $3, last_error_code = $4,
    last_seen_at = case when $2 = 'disconnected' then last_seen_at else $3 end
  where vehicle_id = $1 and (last_checked_at is null or last_checked_at < $3)`;

/** One statement after the other: each is over long before the time limit of statements. */
const addAllTarget = 'many vehicles';

const rowsToAdd = new JsonRows({
  vehicle_id: 'uuid',
  vin: 'text',
  make: 'text',
  model: 'text',
  model_year: 'integer',
  sovd_base_url: 'text',
  connection_status: 'text',
  metadata: 'jsonb',
  version: 'integer',
  created_at: 'timestamptz',
  updated_at: 'timestamptz',
  fleet_id: 'uuid',
});

const addAllText = `
  insert into vehicles (${rowsToAdd.columns()})
  ${rowsToAdd.select}`;

const addAllProbesText = `
  insert into vehicle_probes (vehicle_id, next_probe_at, failures)
  select r.vehicle_id, now(), 0 from unnest($1::uuid[]) as r (vehicle_id)`;

const addProbeText = `insert into vehicle_probes (vehicle_id, next_probe_at, failures) values ($1, now(), 0)`;
const removeProbeText = 'delete from vehicle_probes where vehicle_id = $1';

/** Whether a vehicle moves can be told as long as it hasn't, so this is noted before the move. */
const probeAtNewAddressText = `
  update vehicle_probes
  set next_probe_at = now(), failures = 0
  where vehicle_id = (select v.vehicle_id from vehicles v where v.vehicle_id = $1 and v.sovd_base_url <> $2)`;

/** VIN, make and model, apart by what no search text can hold. */
const searchedText = `lower(v.vin || E'\\n' || v.make || E'\\n' || v.model)`;

/** The registry in `vehicles`. */
export class SequelizeVehicleRepository implements VehicleRepository {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  async load(id: string): Promise<Vehicle | undefined> {
    const text = `select ${columnsOf(VehicleModel, 'v')} from vehicles v where v.vehicle_id = $1`;
    const [row] = await this.#unit.rows<VehicleRow>(text, [id]);
    return row === undefined ? undefined : toVehicle(row);
  }

  async loadVisible(id: string, scope: VehicleScope): Promise<Visible<Vehicle> | undefined> {
    const { role, join, values } = scopeJoin(scope, 'v', 2);
    const text = `
      select ${columnsOf(VehicleModel, 'v')}, ${role} as member_role
      from vehicles v
      ${join}
      where v.vehicle_id = $1`;
    const [row] = await this.#unit.rows<VehicleRow & VisibleRow>(text, [id, ...values]);
    return row === undefined ? undefined : { item: toVehicle(row), memberRole: row.member_role ?? undefined };
  }

  async loadOrdered(id: string, scope: VehicleScope): Promise<Visible<OrderedVehicle> | undefined> {
    const { role, join, values } = scopeJoin(scope, 'v', 2);
    const text = `
      select ${columnsWithCredentials()}, v.member_role, v.is_idle
      from (
        select v.*, ${role} as member_role,
          not exists (
            select from commands c where c.vehicle_id = v.vehicle_id and c.status in ('pending', 'in_progress')
          ) as is_idle
        from vehicles v
        ${join}
        where v.vehicle_id = $1
      ) v
      left join vehicle_credentials k on k.vehicle_id = v.vehicle_id`;
    const [row] = await this.#unit.rows<OrderedRow>(text, [id, ...values]);
    if (row === undefined) return undefined;
    const { vehicle, credentials } = toVehicleWithCredentials(row);
    return { item: { vehicle, credentials, isIdle: row.is_idle }, memberRole: row.member_role ?? undefined };
  }

  async loadStatus(id: string, scope: VehicleScope): Promise<VehicleStatus | undefined> {
    const { join, values } = scopeJoin(scope, 'v', 2);
    const text = loadStatusText(join);
    const [row] = await this.#unit.rows<StatusRow>(text, [id, ...values]);
    return row === undefined ? undefined : toStatus(row);
  }

  async list(filter: VehicleFilter, page: PageRequest): Promise<Page<Vehicle>> {
    const { scope, includeRetired, ...others } = filter;
    const conditions = new QueryConditions();
    if (!includeRetired) conditions.add('v.retired_at is null');
    conditions.addIfGiven('v.fleet_id = ?', filter.fleetId);
    conditions.addIfGiven('v.connection_status = ?', filter.status);
    conditions.addIfGiven('lower(v.make) = lower(?)', filter.make);
    conditions.addIfGiven('lower(v.model) = lower(?)', filter.model);
    if (filter.text !== undefined) {
      conditions.add(`${searchedText} like lower(?)`, likeContains(filter.text));
    }
    conditions.addCursor('v.created_at', 'v.vehicle_id', page.after);
    const { text, values } = scopedList({
      scope,
      from: 'vehicles v',
      alias: 'v',
      columns: columnsOf(VehicleModel, 'v'),
      timeColumn: 'created_at',
      idColumn: 'vehicle_id',
      conditions,
      limit: page.limit + 1,
    });
    const rows =
      scope.kind === 'all' && isWithoutFilters(others)
        ? await this.#unit.rows<VehicleRow>(text, values)
        : await this.#unit.rowsByFilter<VehicleRow>(text, values);
    return toPage(rows.map(toVehicle), page.limit, (vehicle) => ({ at: vehicle.createdAt, id: vehicle.id }));
  }

  add(vehicle: Vehicle): void {
    this.#unit.note({
      text: insertText,
      values: [
        vehicle.id,
        vehicle.vin,
        vehicle.make,
        vehicle.model,
        vehicle.modelYear,
        vehicle.sovdBaseUrl,
        vehicle.connectionStatus,
        JSON.stringify(vehicle.metadata),
        vehicle.version,
        vehicle.createdAt,
        vehicle.updatedAt,
        vehicle.fleetId,
      ],
      target: `vehicles:${vehicle.id}`,
    });
    this.#unit.note({ text: addProbeText, values: [vehicle.id], target: `vehicle_probes:${vehicle.id}` });
  }

  addAll(vehicles: readonly Vehicle[]): void {
    const rows = vehicles.map((vehicle) =>
      rowsToAdd.row({
        vehicle_id: vehicle.id,
        vin: vehicle.vin,
        make: vehicle.make,
        model: vehicle.model,
        model_year: vehicle.modelYear,
        sovd_base_url: vehicle.sovdBaseUrl,
        connection_status: vehicle.connectionStatus,
        metadata: vehicle.metadata,
        version: vehicle.version,
        created_at: vehicle.createdAt,
        updated_at: vehicle.updatedAt,
        fleet_id: vehicle.fleetId,
      }),
    );
    this.#unit.note({ text: addAllText, values: [JSON.stringify(rows)], target: addAllTarget });
    this.#unit.note({ text: addAllProbesText, values: [vehicles.map(({ id }) => id)] });
  }

  async findRegistered(vins: readonly string[]): Promise<readonly string[]> {
    const text = 'select v.vin from vehicles v where v.vin = any($1::text[])';
    const rows = await this.#unit.rows<{ readonly vin: string }>(text, [vins]);
    return rows.map((row) => row.vin);
  }

  save(vehicle: Vehicle): void {
    this.#unit.note(
      vehicle.retiredAt === undefined
        ? {
            text: probeAtNewAddressText,
            values: [vehicle.id, vehicle.sovdBaseUrl],
            target: `vehicle_probes:${vehicle.id}`,
          }
        : { text: removeProbeText, values: [vehicle.id], target: `vehicle_probes:${vehicle.id}` },
    );
    this.#unit.note({
      text: saveText,
      values: [
        vehicle.id,
        vehicle.version,
        vehicle.make,
        vehicle.model,
        vehicle.modelYear,
        vehicle.sovdBaseUrl,
        JSON.stringify(vehicle.metadata),
        vehicle.connectionStatus,
        vehicle.lastCheckedAt ?? null,
        vehicle.retiredAt ?? null,
        vehicle.updatedAt,
        vehicle.fleetId,
        vehicle.lastErrorCode ?? null,
      ],
      expectedRows: 1,
      target: `vehicles:${vehicle.id}`,
    });
  }

  recordContact(id: string, contact: Contact): void {
    this.#unit.note({
      text: recordContactText,
      values: [id, contact.status, contact.at, contact.errorCode ?? null],
      target: `vehicles:${id}`,
    });
  }
}

/** The vehicle of a row. */
export function toVehicle(row: VehicleRow): Vehicle {
  return Vehicle.fromRecord({
    id: row.vehicle_id,
    fleetId: row.fleet_id,
    vin: row.vin,
    make: row.make,
    model: row.model,
    modelYear: row.model_year,
    sovdBaseUrl: row.sovd_base_url,
    metadata: row.metadata,
    connectionStatus: row.connection_status,
    lastSeenAt: row.last_seen_at ?? undefined,
    lastCheckedAt: row.last_checked_at ?? undefined,
    credentials: row.credential_summary === null ? undefined : toCredentialSummary(row.credential_summary),
    lastErrorCode: row.last_error_code ?? undefined,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    retiredAt: row.retired_at ?? undefined,
  });
}

/** The credentials of a row, if it has any. */
function toSealed({ key_id: keyId, origin, sealed }: CredentialColumns): SealedCredentials | undefined {
  if (keyId === null || origin === null || sealed === null) return undefined;
  return { keyId, origin, bytes: sealed };
}

interface StatusCounts {
  readonly pending_count: number;
  readonly running_count: number;
}

type StatusRow = VehicleRow &
  StatusCounts &
  (
    | { readonly last_command_id: null }
    | {
        readonly last_command_id: string;
        readonly last_command_name: string;
        readonly last_command_status: CommandStatus;
        readonly last_submitted_at: Date;
        readonly last_completed_at: Date | null;
        readonly last_command_error_code: CommandErrorCode | null;
      }
  );

function toStatus(row: StatusRow): VehicleStatus {
  return {
    vehicle: toVehicle(row),
    pendingCommands: row.pending_count,
    runningCommands: row.running_count,
    lastCommand:
      row.last_command_id === null
        ? undefined
        : {
            id: row.last_command_id,
            name: row.last_command_name,
            status: row.last_command_status,
            submittedAt: row.last_submitted_at,
            completedAt: row.last_completed_at ?? undefined,
            errorCode: row.last_command_error_code ?? undefined,
          },
  };
}
