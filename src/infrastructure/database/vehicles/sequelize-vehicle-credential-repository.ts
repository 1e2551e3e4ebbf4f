import type { InferAttributes } from 'sequelize';

import type { SealedCredentials } from '#application/domain/vehicle-credentials.js';
import type { Vehicle } from '#application/domain/vehicle.js';
import type { SealedEntry, VehicleCredentialRepository } from '#application/ports/vehicle-credential-repository.js';

import type { UnitStatements } from '../unit-statements.js';
import { toCredentialSummaryRow } from './credential-summary.js';
import type { VehicleCredentialModel } from './vehicle-credential-model.js';

const saveSummaryText = `
  update vehicles
  set credential_summary = $3, updated_at = $4, version = $2
  where vehicle_id = $1 and version = $2 - 1`;

const putText = `
  insert into vehicle_credentials (vehicle_id, key_id, origin, sealed)
  values ($1, $2, $3, $4)
  on conflict (vehicle_id) do update
  set key_id = excluded.key_id, origin = excluded.origin, sealed = excluded.sealed`;

const removeText = 'delete from vehicle_credentials where vehicle_id = $1';

const resealText = 'update vehicle_credentials set key_id = $2, sealed = $3 where vehicle_id = $1';

const lockText = `
  select c.vehicle_id, c.key_id, c.origin, c.sealed
  from vehicle_credentials c
  where c.key_id <> $1 and ($2::uuid is null or c.vehicle_id > $2::uuid)
  order by c.vehicle_id
  limit $3
  for update`;

/** Sealed credentials in `vehicle_credentials`, and what everybody may know of them in `vehicles`. */
export class SequelizeVehicleCredentialRepository implements VehicleCredentialRepository {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  put(vehicle: Vehicle, { keyId, origin, bytes }: SealedCredentials): void {
    this.#saveSummary(vehicle);
    this.#unit.note({
      text: putText,
      values: [vehicle.id, keyId, origin, Buffer.from(bytes)],
      expectedRows: 1,
      target: `vehicle_credentials:${vehicle.id}`,
    });
  }

  remove(vehicle: Vehicle): void {
    this.#saveSummary(vehicle);
    this.#unit.note({ text: removeText, values: [vehicle.id], target: `vehicle_credentials:${vehicle.id}` });
  }

  async lockSealedOtherwise(keyId: string, after: string | undefined, limit: number): Promise<readonly SealedEntry[]> {
    const values = [keyId, after ?? null, limit];
    const rows = await this.#unit.rowsInTransaction<InferAttributes<VehicleCredentialModel>>(lockText, values);
    return rows.map((row) => ({
      vehicleId: row.vehicle_id,
      sealed: { keyId: row.key_id, origin: row.origin, bytes: row.sealed },
    }));
  }

  reseal({ vehicleId, sealed }: SealedEntry): void {
    this.#unit.note({
      text: resealText,
      values: [vehicleId, sealed.keyId, Buffer.from(sealed.bytes)],
      expectedRows: 1,
      target: `vehicle_credentials:${vehicleId}`,
    });
  }

  #saveSummary(vehicle: Vehicle): void {
    const { credentials } = vehicle;
    const summary = credentials === undefined ? null : JSON.stringify(toCredentialSummaryRow(credentials));
    this.#unit.note({
      text: saveSummaryText,
      values: [vehicle.id, vehicle.version, summary, vehicle.updatedAt],
      expectedRows: 1,
      target: `vehicles:${vehicle.id}`,
    });
  }
}
