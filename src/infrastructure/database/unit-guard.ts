import type { Sequelize } from 'sequelize-typescript';

const unitMark = Symbol('statement of a unit of work');

/** Options of a statement that a unit sends. */
export interface MarkedOptions {
  readonly [unitMark]: true;
}

/** Marks a statement's options as sent by a unit. */
export const markedOptions: MarkedOptions = { [unitMark]: true };

/**
 * Refuses every statement that no unit of work sent. Without this, a query that forgets the unit would silently take a
 * second connection, and be outside of the transaction.
 */
export function refuseUnmarkedStatements(sequelize: Sequelize): void {
  sequelize.addHook('beforeQuery', 'unit-guard', (options: object) => {
    if (!(unitMark in options)) throw new Error('a statement was sent outside of a unit of work');
  });
}
