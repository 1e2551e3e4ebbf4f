import type { CommandPurge } from '#application/ports/command-purge.js';
import type { PurgeStep } from '#application/ports/purge-step.js';

import type { UnitStatements } from '../unit-statements.js';

/** An upper bound of the commands of a step, whatever they have: so many row locks at the most. */
const maxCommands = 500;

/**
 * The commands of a step, locked: the oldest that are due, until their rows are as many as the limit `$2`. Those that
 * another instance has locked are left to it.
 */
const chosenCommands = (isDue: string, rowsOfCommand: string): string => `
  due as (
    select c.command_id, c.completed_at, ${rowsOfCommand} as row_count
    from commands c
    where ${isDue} and c.completed_at < now() - make_interval(days => $1)
    order by c.completed_at, c.command_id
    limit least($2::integer, ${maxCommands})
    for update skip locked
  ), chosen as (
    select d.command_id
    from (
      select due.command_id, due.row_count, sum(due.row_count) over (order by due.completed_at, due.command_id) as total
      from due
    ) d
    where d.total <= $2 or d.total = d.row_count
  )`;

const purgeResponsesText = `
  with ${chosenCommands('c.completed_at is not null and c.responses_purged_at is null', 'greatest(c.response_count, 1)')},
  marked as (
    update commands c
    set responses_purged_at = now()
    from chosen
    where c.command_id = chosen.command_id
    returning 1
  ), purged as (
    delete from responses r using chosen where r.command_id = chosen.command_id returning 1
  )
  select (select count(*) from marked)::integer as commands, (select count(*) from purged)::integer as rows`;

/* A late answer may have come after the purge of the responses: what it left must not keep the command from going. */
const purgeCommandsText = `
  with ${chosenCommands('c.responses_purged_at is not null', '1 + c.last_event_number - c.response_count')},
  late as (
    delete from responses r using chosen where r.command_id = chosen.command_id returning 1
  ), transitions as (
    delete from command_transitions t using chosen where t.command_id = chosen.command_id returning 1
  ), purged as (
    delete from commands c using chosen where c.command_id = chosen.command_id returning 1
  )
  select (select count(*) from purged)::integer as commands,
    ((select count(*) from purged) + (select count(*) from transitions) + (select count(*) from late))::integer as rows`;

interface StepRow {
  readonly commands: number;
  readonly rows: number;
}

/** Deletes from `responses`, `command_transitions` and `commands`. The audit log keeps its lines: nothing ties them. */
export class SequelizeCommandPurge implements CommandPurge {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  purgeResponses(days: number, limit: number): Promise<PurgeStep> {
    return this.#step(purgeResponsesText, days, limit);
  }

  purgeCommands(days: number, limit: number): Promise<PurgeStep> {
    return this.#step(purgeCommandsText, days, limit);
  }

  async #step(text: string, days: number, limit: number): Promise<PurgeStep> {
    const [step] = await this.#unit.rowsInTransaction<StepRow>(text, [days, limit]);
    return { rows: step?.rows ?? 0, mayHaveMore: (step?.commands ?? 0) > 0 };
  }
}
