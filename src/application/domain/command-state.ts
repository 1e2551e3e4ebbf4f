/** Every state that a command can be in. */
export const commandStatuses = [
  'pending',
  'in_progress',
  'completed',
  'failed',
  'cancelled',
  'expired',
  'outcome_unknown',
] as const;

/** One of the states. */
export type CommandStatus = (typeof commandStatuses)[number];

/**
 * The legal moves.
 *
 * `pending → in_progress → completed | failed | cancelled | outcome_unknown`, and `pending → cancelled | expired`.
 * `in_progress → in_progress` is another attempt at a command that only reads. `in_progress → pending` is a command that
 * certainly never reached the vehicle and waits for it again. `outcome_unknown` is settled at most once, by a late answer
 * or by an engineer; every other final state stays as it is.
 */
export const legalMoves: Readonly<Record<CommandStatus, readonly CommandStatus[]>> = {
  pending: ['in_progress', 'cancelled', 'expired'],
  in_progress: ['in_progress', 'pending', 'completed', 'failed', 'cancelled', 'outcome_unknown'],
  outcome_unknown: ['completed', 'failed'],
  completed: [],
  failed: [],
  cancelled: [],
  expired: [],
};

/** Whether a command may go from one state to another. */
export function isLegalMove(from: CommandStatus, to: CommandStatus): boolean {
  return legalMoves[from].includes(to);
}

/** Whether a command in this state has ended. `outcome_unknown` is an end too, though it may be settled later. */
export function isFinal(status: CommandStatus): boolean {
  return status !== 'pending' && status !== 'in_progress';
}
