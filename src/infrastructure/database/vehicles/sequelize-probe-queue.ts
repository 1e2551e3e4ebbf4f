import type { DueProbe, ProbeQueue } from '#application/ports/probe-queue.js';

import type { UnitStatements } from '../unit-statements.js';
import {
  columnsWithCredentials,
  toVehicleWithCredentials,
  type VehicleWithCredentialsRow,
} from './sequelize-vehicle-repository.js';

const claimText = (): string => `
  with due as (
    select p.vehicle_id
    from vehicle_probes p
    where p.next_probe_at <= now()
    order by p.next_probe_at
    limit $1
    for update of p skip locked
  ), claimed as (
    update vehicle_probes p
    set next_probe_at = case
      when v.last_checked_at > now() - make_interval(secs => $2) then v.last_checked_at + make_interval(secs => $2)
      else now() + make_interval(secs => $3)
    end
    from due join vehicles v on v.vehicle_id = due.vehicle_id
    where p.vehicle_id = due.vehicle_id
    returning p.vehicle_id, p.failures
  )
  select ${columnsWithCredentials()}, c.failures
  from claimed c
  join vehicles v on v.vehicle_id = c.vehicle_id
  left join vehicle_credentials k on k.vehicle_id = v.vehicle_id
  where v.retired_at is null
    and (v.last_checked_at is null or v.last_checked_at <= now() - make_interval(secs => $2))
    and not exists (
      select from commands o
      where o.vehicle_id = v.vehicle_id and o.status = 'in_progress' and o.safety <> 'safe'
    )`;

const putOffText = `
  update vehicle_probes
  set next_probe_at = now() + make_interval(secs => $2), failures = $3
  where vehicle_id = $1`;

/** The table `vehicle_probes` as a queue. */
export class SequelizeProbeQueue implements ProbeQueue {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  async claim(limit: number, silentSeconds: number, claimSeconds: number): Promise<readonly DueProbe[]> {
    const rows = await this.#unit.rowsInTransaction<VehicleWithCredentialsRow & { readonly failures: number }>(
      claimText(),
      [limit, silentSeconds, claimSeconds],
    );
    return rows.map((row) => ({ failures: row.failures, ...toVehicleWithCredentials(row) }));
  }

  putOff(vehicleId: string, seconds: number, failures: number): void {
    this.#unit.note({
      text: putOffText,
      values: [vehicleId, seconds, failures],
      target: `vehicle_probes:${vehicleId}`,
    });
  }
}
