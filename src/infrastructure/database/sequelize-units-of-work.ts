import type { Sequelize } from 'sequelize-typescript';

import { ConcurrentChange } from '#application/domain/errors.js';
import type { Log } from '#application/ports/log.js';
import type { Measurements } from '#application/ports/measurements.js';
import type { Access, UnitOfWork, UnitsOfWork, Work } from '#application/ports/unit-of-work.js';

import { PooledConnections, type StatementOptions } from './pooled-connections.js';
import { SequelizeUnitOfWork } from './sequelize-unit-of-work.js';

/** How often a callback runs at the most. */
const maxRuns = 3;

type UnitMeasurements = Pick<Measurements, 'unitOpened' | 'unitFailed'>;

type UnitOptions = Omit<StatementOptions, 'log'> & { readonly measurements?: UnitMeasurements };

/** Units of work on one Sequelize instance. */
export class SequelizeUnitsOfWork implements UnitsOfWork {
  readonly #connections: PooledConnections;
  readonly #log: Log;
  readonly #measurements: UnitMeasurements | undefined;

  constructor(sequelize: Sequelize, log: Log, options: UnitOptions) {
    this.#connections = new PooledConnections(sequelize, { ...options, log });
    this.#log = log;
    this.#measurements = options.measurements;
  }

  open(access: Access): UnitOfWork {
    this.#measurements?.unitOpened(access);
    return new SequelizeUnitOfWork(this.#connections, access, this.#log, this.#measurements);
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
