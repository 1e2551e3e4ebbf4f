import type { Sequelize } from 'sequelize-typescript';

import { ConcurrentChange } from '#application/domain/errors.js';
import type { Log, TaskLog } from '#application/ports/log.js';
import type { Access, UnitOfWork, UnitsOfWork, Work } from '#application/ports/unit-of-work.js';

import { PooledConnections, type StatementOptions } from './pooled-connections.js';
import { SharedCommits } from './shared-commits.js';
import { SequelizeUnitOfWork, type UnitSurroundings } from './sequelize-unit-of-work.js';

/** How often a callback runs at the most. */
const maxRuns = 3;

type UnitOptions = Omit<StatementOptions, 'log'> & { readonly measurements?: UnitSurroundings['measurements'] };

class LoggedUnitsOfWork implements UnitsOfWork {
  readonly #surroundings: UnitSurroundings;

  constructor(surroundings: UnitSurroundings) {
    this.#surroundings = surroundings;
  }

  toldTo(log: TaskLog): UnitsOfWork {
    return new LoggedUnitsOfWork({ ...this.#surroundings, log, costs: log });
  }

  open(access: Access): UnitOfWork {
    this.#surroundings.measurements?.unitOpened(access);
    return new SequelizeUnitOfWork(access, this.#surroundings);
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

/** Units of work on one Sequelize instance. */
export class SequelizeUnitsOfWork extends LoggedUnitsOfWork {
  constructor(sequelize: Sequelize, log: Log, options: UnitOptions) {
    const { measurements } = options;
    const connections = new PooledConnections(sequelize, { ...options, log });
    super({ connections, commits: new SharedCommits(connections), log, costs: undefined, measurements });
  }
}
