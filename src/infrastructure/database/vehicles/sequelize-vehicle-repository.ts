import type { InferAttributes } from 'sequelize';

import { Vehicle, type Contact } from '#application/domain/vehicle.js';
import type { VehicleScope, Visible } from '#application/domain/visibility-scope.js';
import type { SealedCredentials } from '#application/domain/vehicle-credentials.js';
import type { Page, PageRequest } from '#application/ports/paging.js';
import type {
  VehicleFilter,
  VehicleRepository,
  VehicleWithCredentials,
} from '#application/ports/vehicle-repository.js';

import { columnsOf } from '../model-columns.js';
import { likeContains, QueryConditions, toPage } from '../query-conditions.js';
import type { UnitStatements } from '../unit-statements.js';
import { scopedList, scopeJoin, type VisibleRow } from '../visible-rows.js';
import { toCredentialSummary } from './credential-summary.js';
import type { VehicleCredentialModel } from './vehicle-credential-model.js';
import { VehicleModel } from './vehicle-model.js';

type VehicleRow = InferAttributes<VehicleModel>;

/** Of a join that may meet nothing. */
type CredentialColumns = NullableOf<Pick<InferAttributes<VehicleCredentialModel>, 'key_id' | 'origin' | 'sealed'>>;
type NullableOf<Row> = { readonly [Column in keyof Row]: Row[Column] | null };

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
    retired_at = $10, updated_at = $11, version = $2, fleet_id = $12
  where vehicle_id = $1 and version = $2 - 1`;

const recordContactText = `
  update vehicles
  set connection_status = $2, last_checked_at = $3,
    last_seen_at = case when $2 = 'disconnected' then last_seen_at else $3 end
  where vehicle_id = $1 and (last_checked_at is null or last_checked_at < $3)`;

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

  async loadWithCredentials(id: string): Promise<VehicleWithCredentials | undefined> {
    const text = `
      select ${columnsOf(VehicleModel, 'v')}, c.key_id, c.origin, c.sealed
      from vehicles v
      left join vehicle_credentials c on c.vehicle_id = v.vehicle_id
      where v.vehicle_id = $1`;
    const [row] = await this.#unit.rows<VehicleRow & CredentialColumns>(text, [id]);
    return row === undefined ? undefined : { vehicle: toVehicle(row), credentials: toSealed(row) };
  }

  async list(filter: VehicleFilter, page: PageRequest): Promise<Page<Vehicle>> {
    const conditions = new QueryConditions();
    if (!filter.includeRetired) conditions.add('v.retired_at is null');
    conditions.addIfGiven('v.fleet_id = ?', filter.fleetId);
    conditions.addIfGiven('v.connection_status = ?', filter.status);
    conditions.addIfGiven('lower(v.make) = lower(?)', filter.make);
    conditions.addIfGiven('lower(v.model) = lower(?)', filter.model);
    if (filter.text !== undefined) {
      const pattern = likeContains(filter.text);
      conditions.add('(v.vin ilike ? or v.make ilike ? or v.model ilike ?)', pattern, pattern, pattern);
    }
    conditions.addCursor('v.created_at', 'v.vehicle_id', page.after);
    const { text, values } = scopedList({
      scope: filter.scope,
      from: 'vehicles v',
      alias: 'v',
      columns: columnsOf(VehicleModel, 'v'),
      timeColumn: 'created_at',
      idColumn: 'vehicle_id',
      conditions,
      limit: page.limit + 1,
    });
    const rows = await this.#unit.rowsByFilter<VehicleRow>(text, values);
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
  }

  save(vehicle: Vehicle): void {
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
      ],
      expectedRows: 1,
      target: `vehicles:${vehicle.id}`,
    });
  }

  recordContact(id: string, contact: Contact): void {
    this.#unit.note({
      text: recordContactText,
      values: [id, contact.status, contact.at],
      target: `vehicles:${id}`,
    });
  }
}

function toVehicle(row: VehicleRow): Vehicle {
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
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    retiredAt: row.retired_at ?? undefined,
  });
}

function toSealed({ key_id: keyId, origin, sealed }: CredentialColumns): SealedCredentials | undefined {
  if (keyId === null || origin === null || sealed === null) return undefined;
  return { keyId, origin, bytes: sealed };
}
