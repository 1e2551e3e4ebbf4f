import type { Sequelize } from 'sequelize-typescript';

/** State of the connection pool. */
export interface PoolState {
  readonly size: number;
  readonly available: number;
  readonly using: number;
  readonly waiting: number;
}

/** How many connections there are, and how many requests wait for one. */
export function poolState(sequelize: Sequelize): PoolState {
  const manager: unknown = Reflect.get(sequelize, 'connectionManager');
  const pool: unknown = typeof manager === 'object' && manager !== null ? Reflect.get(manager, 'pool') : undefined;
  const count = (name: string): number => {
    const value: unknown = typeof pool === 'object' && pool !== null ? Reflect.get(pool, name) : undefined;
    return typeof value === 'number' ? value : 0;
  };
  return { size: count('size'), available: count('available'), using: count('using'), waiting: count('waiting') };
}
