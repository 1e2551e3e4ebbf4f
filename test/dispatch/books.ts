import { expect } from 'chai';

import { isFinal, isLegalMove, type CommandStatus } from '#application/domain/command-state.js';

import type { Queryable } from './command-desk.js';

interface Row {
  readonly command_id: string;
  readonly status: CommandStatus;
  readonly last_event_number: number;
  readonly response_count: number;
  readonly events: readonly number[] | null;
  readonly sequence: readonly number[] | null;
  readonly final_at: readonly number[] | null;
  readonly subjects: number;
  readonly moves: readonly (readonly [CommandStatus | null, CommandStatus, string])[];
  readonly audit: readonly string[] | null;
}

const booksText = `
  select c.command_id, c.status, c.last_event_number, c.response_count,
    (
      select json_agg(e.event_number order by e.event_number)
      from (
        select t.event_number from command_transitions t where t.command_id = c.command_id
        union all
        select r.event_number from responses r where r.command_id = c.command_id
      ) e
    ) as events,
    (
      select json_agg(r.sequence_number order by r.event_number) from responses r where r.command_id = c.command_id
    ) as sequence,
    (
      select json_agg(r.sequence_number) from responses r where r.command_id = c.command_id and r.is_final
    ) as final_at,
    (select count(distinct r.subject)::integer from responses r where r.command_id = c.command_id) as subjects,
    (
      select json_agg(json_build_array(t.from_status, t.to_status, t.reason) order by t.event_number)
      from command_transitions t
      where t.command_id = c.command_id
    ) as moves,
    (
      select json_agg(a.action order by a.occurred_at, a.log_id) from audit_logs a where a.command_id = c.command_id
    ) as audit
  from commands c`;

/**
 * Checks what is written down about every command there is: event and sequence numbers without a gap, nothing twice, a chain of
 * legal moves from the first to the state it is in, one audit row for the order and one for each end.
 */
export async function checkBooks(database: Queryable): Promise<void> {
  for (const row of await database.query<Row & Record<string, unknown>>(booksText)) checkCommand(row);
}

function checkCommand(row: Row): void {
  const what = `command ${row.command_id} (${row.status})`;
  expect(row.events, `event numbers of ${what}`).to.deep.equal(range(1, row.last_event_number));
  expect(row.sequence ?? [], `sequence numbers of ${what}`).to.deep.equal(range(0, row.response_count - 1));
  expect(row.subjects, `subjects of ${what}`).to.equal(row.response_count);
  expect((row.final_at ?? []).length, `final responses of ${what}`).to.be.at.most(1);
  if (row.final_at !== null) expect(row.final_at, what).to.deep.equal([row.response_count - 1]);
  let before: CommandStatus | null = null;
  let ends = 0;
  for (const [from, to, reason] of row.moves) {
    expect(from, `a move of ${what}`).to.equal(before);
    if (from === null) expect(to).to.equal('pending');
    else if (reason === 'cancel-refused') expect(to, `a remark on ${what}`).to.equal(from);
    else expect(isLegalMove(from, to), `${from} to ${to} of ${what}`).to.equal(true);
    if (isFinal(to)) ends += 1;
    before = to;
  }
  expect(before, `last move of ${what}`).to.equal(row.status);
  const audit = row.audit ?? [];
  expect(count(audit, 'command.submit'), `audited orders of ${what}`).to.equal(1);
  expect(count(audit, 'command.end'), `audited ends of ${what}`).to.equal(ends);
}

function count(actions: readonly string[], action: string): number {
  return actions.filter((other) => other === action).length;
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_unused, index) => from + index);
}
