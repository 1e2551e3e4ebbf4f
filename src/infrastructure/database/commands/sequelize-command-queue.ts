import type { Command, CommandStep, Transition } from '#application/domain/command.js';
import { roleOnVehicle, type MemberRole } from '#application/domain/fleet.js';
import type { Role } from '#application/domain/user.js';
import type { CommandQueue, DueCommand, Lease, RenewedLease } from '#application/ports/command-queue.js';

import type { UnitStatements } from '../unit-statements.js';
import {
  columnsWithCredentials,
  toVehicleWithCredentials,
  type VehicleWithCredentialsRow,
} from '../vehicles/sequelize-vehicle-repository.js';
import { holdsNow } from '../visible-rows.js';
import { commandColumns, toCommand, type CommandRow } from './command-row.js';
import { addLeasedCommandWrites, stepWrites } from './command-writes.js';

/**
 * The commands that may start, of the lanes that `condition` names: due, not expired, and their lane is free for them. A
 * lane is all that runs or waits for one vehicle: what runs comes first, then what waits in the order of acceptance. What
 * changes the vehicle must have the first place; a read one of the first `$2`, with no change before it.
 */
const readyCommands = (condition: string): string => `
  select l.command_id, l.vehicle_id, l.submitted_at
  from (
    select c.command_id, c.vehicle_id, c.submitted_at, c.status, c.safety, c.expires_at, c.not_before,
      row_number() over lane as place,
      count(*) filter (where c.safety <> 'safe')
        over (lane rows between unbounded preceding and 1 preceding) as changes_before
    from commands c
    where c.status in ('pending', 'in_progress') and ${condition}
    window lane as (partition by c.vehicle_id order by c.status = 'pending', c.submitted_at, c.command_id)
  ) l
  where l.status = 'pending'
    and l.expires_at > now()
    and (l.not_before is null or l.not_before <= now())
    and case when l.safety = 'safe' then l.changes_before = 0 and l.place <= $2 else l.place = 1 end
  order by l.submitted_at, l.command_id
  limit $1`;

/** What is looked up together with a command: its vehicle, and what its author may do with it now. */
const dueColumns = (): string => `
  ${commandColumns()}, ${columnsWithCredentials()},
  u.is_active as author_is_active, u.role as author_account_role, m.role as author_member_role`;
const dueJoins = `
  join vehicles v on v.vehicle_id = c.vehicle_id
  left join vehicle_credentials k on k.vehicle_id = c.vehicle_id
  join users u on u.user_id = c.user_id
  left join fleet_members m on m.fleet_id = c.fleet_id and m.user_id = c.user_id and ${holdsNow('m')}`;

type DueRow = CommandRow &
  VehicleWithCredentialsRow & {
    readonly author_is_active: boolean;
    readonly author_account_role: Role;
    readonly author_member_role: MemberRole | null;
  };

function toDueCommand(row: DueRow): DueCommand {
  const authorRole = row.author_is_active
    ? roleOnVehicle(row.author_account_role, row.author_member_role ?? undefined)
    : undefined;
  return { command: toCommand(row), vehicle: toVehicleWithCredentials(row), authorRole };
}

const lockLanesText = `
  select v.vehicle_id
  from vehicles v
  where v.vehicle_id in (select r.vehicle_id from (${readyCommands('true')}) r)
  for no key update of v skip locked`;

/** The commands table as a queue. */
export class SequelizeCommandQueue implements CommandQueue {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  async lockReady(limit: number, readsPerVehicle: number): Promise<readonly DueCommand[]> {
    // The lanes are locked first, and looked at by a statement of its own: only that one sees what others, who held
    // these lanes a moment ago, have committed.
    const lanes = await this.#unit.rowsInTransaction<{ readonly vehicle_id: string }>(lockLanesText, [
      limit,
      readsPerVehicle,
    ]);
    if (lanes.length === 0) return [];
    // The state is asked for once more: of a row that somebody has just changed only this condition is looked at again.
    const text = `
      select ${dueColumns()}
      from commands c
      ${dueJoins}
      where c.command_id in (select r.command_id from (${readyCommands('c.vehicle_id = any($3::uuid[])')}) r)
        and c.status = 'pending'
      order by c.submitted_at, c.command_id
      for update of c skip locked`;
    const rows = await this.#unit.rowsInTransaction<DueRow>(text, [
      limit,
      readsPerVehicle,
      lanes.map((lane) => lane.vehicle_id),
    ]);
    return rows.map(toDueCommand);
  }

  async countPending(limit: number): Promise<number> {
    const text = `
      select count(*)::integer as pending
      from (select from commands c where c.status = 'pending' limit $1) p`;
    const [row] = await this.#unit.rowsInTransaction<{ readonly pending: number }>(text, [limit]);
    return row?.pending ?? 0;
  }

  async lockAbandoned(limit: number, except: readonly string[]): Promise<readonly DueCommand[]> {
    const text = `
      select ${dueColumns()}
      from commands c
      ${dueJoins}
      where c.status = 'in_progress' and c.lease_expires_at < clock_timestamp() and c.command_id <> all($2::uuid[])
      order by c.lease_expires_at
      limit $1
      for update of c skip locked`;
    const rows = await this.#unit.rowsInTransaction<DueRow>(text, [limit, except]);
    return rows.map(toDueCommand);
  }

  async lockExpired(limit: number): Promise<readonly Command[]> {
    const text = `
      select ${commandColumns()}
      from commands c
      where c.status = 'pending' and c.expires_at <= clock_timestamp()
      order by c.expires_at
      limit $1
      for update of c skip locked`;
    const rows = await this.#unit.rowsInTransaction<CommandRow>(text, [limit]);
    return rows.map(toCommand);
  }

  addLeased(command: Command, transitions: readonly Transition[], lease: Lease): void {
    for (const write of addLeasedCommandWrites(command, transitions, lease)) this.#unit.note(write);
  }

  lease(step: CommandStep, lease: Lease): void {
    for (const write of stepWrites(step, lease)) this.#unit.note(write);
  }

  hasten(vehicleId: string): void {
    const text = `
      update commands
      set not_before = null
      where vehicle_id = $1 and status = 'pending' and not_before is not null`;
    this.#unit.note({ text, values: [vehicleId], target: `commands of ${vehicleId}` });
  }

  async renew(
    lease: Lease,
    held: readonly { readonly commandId: string; readonly leaseNumber: number }[],
  ): Promise<readonly RenewedLease[]> {
    const text = `
      update commands c
      set lease_expires_at = clock_timestamp() + make_interval(secs => $2)
      from unnest($3::uuid[], $4::integer[]) as h (command_id, lease_number)
      where c.command_id = h.command_id and c.lease_number = h.lease_number and c.lease_owner = $1
        and c.status = 'in_progress'
      returning c.command_id, c.cancel_requested_at is not null as is_cancel_requested`;
    const rows = await this.#unit.rowsInTransaction<{
      readonly command_id: string;
      readonly is_cancel_requested: boolean;
    }>(text, [
      lease.owner,
      lease.seconds,
      held.map((entry) => entry.commandId),
      held.map((entry) => entry.leaseNumber),
    ]);
    return rows.map((row) => ({ commandId: row.command_id, isCancelRequested: row.is_cancel_requested }));
  }

  async release(owner: string, commandIds: readonly string[]): Promise<void> {
    const text = `
      update commands c
      set lease_expires_at = clock_timestamp() - interval '1 second'
      where c.command_id = any($2::uuid[]) and c.lease_owner = $1 and c.status = 'in_progress'
      returning c.command_id`;
    await this.#unit.rowsInTransaction(text, [owner, commandIds]);
  }
}
