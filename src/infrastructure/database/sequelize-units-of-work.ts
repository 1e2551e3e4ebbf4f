import type { Sequelize } from 'sequelize-typescript';

import { ConcurrentChange } from '#application/domain/errors.js';
import type { Log } from '#application/ports/log.js';
import type { Access, UnitOfWork, UnitsOfWork, Work } from '#application/ports/unit-of-work.js';

import { PooledConnections, type StatementOptions } from './pooled-connections.js';
import { SequelizeUnitOfWork } from './sequelize-unit-of-work.js';

/** How often a callback runs at the most. */
const maxRuns = 3;

/** Units of work on one Sequelize instance. */
export class SequelizeUnitsOfWork implements UnitsOfWork {
  readonly #connections: PooledConnections;
  readonly #log: Log;

  constructor(sequelize: Sequelize, log: Log, options: Omit<StatementOptions, 'log'>) {
    this.#connections = new PooledConnections(sequelize, { ...options, log });
    this.#log = log;
  }

  open(access: Access): UnitOfWork {
    return new SequelizeUnitOfWork(this.#connections, access, this.#log);
  }

  async withUnit<Result>(access: Access, callback: (work: Work) => Promise<Result>): Promise<Result> {
    for (let run = 1; ; run += 1) {
      const unit = this.open(access);
      try {
        const result = await callback(unit);
        await unit.commit();
        return result;
      } catch (error) {
        if (!(error instanceof ConcurrentChange) || run >= maxRuns) throw error;
      } finally {
        await unit.close();
      }
    }
  }
}
