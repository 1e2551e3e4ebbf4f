import type { Command, CommandStep, Transition } from '#application/domain/command.js';
import type { Response } from '#application/domain/response.js';
import type { Visible, VehicleScope } from '#application/domain/visibility-scope.js';
import type {
  CommandEvent,
  CommandFilter,
  CommandRepository,
  UserAndCommand,
} from '#application/ports/command-repository.js';
import type { Page, PageRequest } from '#application/ports/paging.js';

import { columnsOf } from '../model-columns.js';
import { isWithoutFilters, QueryConditions, toPage } from '../query-conditions.js';
import { ResponseModel } from './response-model.js';
import type { UnitStatements } from '../unit-statements.js';
import { holdsNow, scopedList, scopeJoin, type VisibleRow } from '../visible-rows.js';
import {
  commandColumns,
  toCommand,
  toResponse,
  toTransition,
  type CommandRow,
  type ResponseRow,
  type TransitionRow,
} from './command-row.js';
import { CommandTransitionModel } from './command-transition-model.js';
import { addCommandWrites, stepWrites } from './command-writes.js';

const releaseKeyText = `
  update commands
  set idempotency_key = null
  where command_id = $1`;

const requestCancelText = `
  update commands
  set cancel_requested_at = coalesce(cancel_requested_at, $2)
  where command_id = $1 and status = 'in_progress'`;

/** Commands, their transitions and their responses. */
export class SequelizeCommandRepository implements CommandRepository {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  async load(id: string): Promise<Command | undefined> {
    const text = `select ${commandColumns()} from commands c where c.command_id = $1`;
    const [row] = await this.#unit.rows<CommandRow>(text, [id]);
    return row === undefined ? undefined : toCommand(row);
  }

  async loadVisible(id: string, scope: VehicleScope): Promise<Visible<Command> | undefined> {
    const { role, join, values } = scopeJoin(scope, 'c', 2);
    const text = `
      select ${commandColumns()}, ${role} as member_role
      from commands c
      ${join}
      where c.command_id = $1`;
    const [row] = await this.#unit.rows<CommandRow & VisibleRow>(text, [id, ...values]);
    return row === undefined ? undefined : { item: toCommand(row), memberRole: row.member_role ?? undefined };
  }

  async findByIdempotencyKey(userId: string, key: string): Promise<Visible<Command> | undefined> {
    const text = `
      select ${commandColumns()}, m.role as member_role
      from commands c
      left join fleet_members m on m.fleet_id = c.fleet_id and m.user_id = c.user_id and ${holdsNow('m')}
      where c.user_id = $1 and c.idempotency_key = $2`;
    const [row] = await this.#unit.rows<CommandRow & VisibleRow>(text, [userId, key]);
    return row === undefined ? undefined : { item: toCommand(row), memberRole: row.member_role ?? undefined };
  }

  async listVisibleTo(pairs: readonly UserAndCommand[]): Promise<readonly UserAndCommand[]> {
    const text = `
      select p.user_id, p.command_id
      from unnest($1::uuid[], $2::uuid[]) as p (user_id, command_id)
      join commands c on c.command_id = p.command_id
      join fleet_members m on m.fleet_id = c.fleet_id and m.user_id = p.user_id and ${holdsNow('m')}`;
    const rows = await this.#unit.rows<{ readonly user_id: string; readonly command_id: string }>(text, [
      pairs.map(({ userId }) => userId),
      pairs.map(({ commandId }) => commandId),
    ]);
    return rows.map((row) => ({ userId: row.user_id, commandId: row.command_id }));
  }

  async list(filter: CommandFilter, page: PageRequest): Promise<Page<Command>> {
    const { scope, vehicleId, ...others } = filter;
    const conditions = new QueryConditions();
    conditions.addIfGiven('c.vehicle_id = ?', vehicleId);
    conditions.addIfGiven('c.fleet_id = ?', filter.fleetId);
    conditions.addIfGiven('c.user_id = ?', filter.userId);
    conditions.addIfGiven('c.status = ?', filter.status);
    conditions.addIfGiven('c.command_name = ?', filter.name);
    conditions.addTimes('c.submitted_at', filter.submittedAfter, filter.submittedBefore, page.after);
    conditions.addCursor('c.submitted_at', 'c.command_id', page.after);
    const { text, values } = scopedList({
      scope,
      ...(vehicleId === undefined ? {} : { vehicleId }),
      from: 'commands c',
      alias: 'c',
      columns: commandColumns(),
      timeColumn: 'submitted_at',
      idColumn: 'command_id',
      conditions,
      limit: page.limit + 1,
    });
    const rows =
      vehicleId !== undefined && isWithoutFilters(others)
        ? await this.#unit.rows<CommandRow>(text, values)
        : await this.#unit.rowsByFilter<CommandRow>(text, values);
    return toPage(rows.map(toCommand), page.limit, ({ record }) => ({ at: record.submittedAt, id: record.id }));
  }

  async listResponses(commandId: string, from: number, limit: number): Promise<readonly Response[]> {
    const text = `
      select ${columnsOf(ResponseModel, 'r')}
      from responses r
      where r.command_id = $1 and r.sequence_number >= $2
      order by r.sequence_number
      limit $3`;
    const rows = await this.#unit.rows<ResponseRow>(text, [commandId, from, limit]);
    return rows.map(toResponse);
  }

  async listTransitions(commandId: string, afterEvent: number, limit: number): Promise<readonly Transition[]> {
    const text = `
      select ${columnsOf(CommandTransitionModel, 't')}
      from command_transitions t
      where t.command_id = $1 and t.event_number > $2
      order by t.event_number
      limit $3`;
    const rows = await this.#unit.rows<TransitionRow>(text, [commandId, afterEvent, limit]);
    return rows.map(toTransition);
  }

  async listEvents(commandId: string, afterEvent: number, limit: number): Promise<readonly CommandEvent[]> {
    // Both lists come from one statement, so from one view of the data: with two, a response that is stored in between
    // would be skipped when a transition behind it is seen.
    const text = `
      select e.event_number, e.response, e.transition
      from (
        (
          select r.event_number, row_to_json(r) as response, null::json as transition
          from responses r
          where r.command_id = $1 and r.event_number > $2
          order by r.event_number
          limit $3
        )
        union all
        (
          select t.event_number, null::json as response, row_to_json(t) as transition
          from command_transitions t
          where t.command_id = $1 and t.event_number > $2
          order by t.event_number
          limit $3
        )
      ) e
      order by e.event_number
      limit $3`;
    const rows = await this.#unit.rows<EventRow>(text, [commandId, afterEvent, limit]);
    return rows.map(toEvent);
  }

  async listSubjects(commandId: string): Promise<readonly string[]> {
    const text = 'select r.subject from responses r where r.command_id = $1';
    const rows = await this.#unit.rows<{ readonly subject: string }>(text, [commandId]);
    return rows.map((row) => row.subject);
  }

  add(command: Command, transition: Transition): void {
    for (const write of addCommandWrites(command, transition)) this.#unit.note(write);
  }

  async releaseIdempotencyKey(commandId: string): Promise<void> {
    await this.#unit.rowsInTransaction(releaseKeyText, [commandId]);
  }

  advance(step: CommandStep): void {
    for (const write of stepWrites(step, undefined)) this.#unit.note(write);
  }

  requestCancel(commandId: string, at: Date): void {
    this.#unit.note({
      text: requestCancelText,
      values: [commandId, at],
      expectedRows: 1,
      target: `commands:${commandId}`,
    });
  }
}

/** JSON has no dates: inside the documents they are texts. */
type InJson<Row> = { readonly [Name in keyof Row]: Row[Name] extends Date ? string : Row[Name] };

interface EventRow {
  readonly event_number: number;
  readonly response: InJson<ResponseRow> | null;
  readonly transition: InJson<TransitionRow> | null;
}

function toEvent({ event_number: eventNumber, response, transition }: EventRow): CommandEvent {
  if (response !== null) {
    const row = { ...response, received_at: new Date(response.received_at) } as ResponseRow;
    return { kind: 'response', eventNumber, response: toResponse(row) };
  }
  if (transition === null) throw new Error('an event is either a response or a transition');
  const row = { ...transition, occurred_at: new Date(transition.occurred_at) } as TransitionRow;
  return { kind: 'status', eventNumber, transition: toTransition(row) };
}
