import {
  UnitOfWorkClosed,
  type Access,
  type UnitOfWork,
  type UnitsOfWork,
  type Work,
} from '#application/ports/unit-of-work.js';

import { closedGate } from './gate.js';

/** What a handler of a test may do with its unit. */
interface FakeWork {
  /** A statement that takes as long as the given promise. Fails when the unit is closed, before or meanwhile. */
  readonly statement: (end: Promise<unknown>) => Promise<void>;
}

/** The unit of a handler of a test. */
export function fakeWork(work: Work): FakeWork {
  return work as unknown as FakeWork;
}

/** Units without a database, which only tell what was done with them. */
export class FakeUnits implements UnitsOfWork {
  /** `open` (or `open to read`), `commit`, `committed`, and `close` of what was not committed, in order. */
  readonly steps: string[] = [];
  /** What the next commits do, in turn; they only succeed when the list is used up. */
  readonly commits: (() => Promise<void>)[] = [];

  readonly open = (access: Access): UnitOfWork => {
    this.steps.push(access === 'read' ? 'open to read' : 'open');
    let state: 'open' | 'committed' | 'closed' = 'open';
    const closed = closedGate();
    const refuseClosed = (): void => {
      if (state !== 'open') throw new UnitOfWorkClosed();
    };
    const unit: FakeWork & Pick<UnitOfWork, 'commit' | 'close'> = {
      statement: async (end) => {
        refuseClosed();
        await Promise.race([end, closed.passed]);
        refuseClosed();
      },
      commit: async () => {
        refuseClosed();
        this.steps.push('commit');
        await this.commits.shift()?.();
        state = 'committed';
        this.steps.push('committed');
      },
      close: () => {
        if (state === 'open') this.steps.push('close');
        state = 'closed';
        closed.open();
        return Promise.resolve();
      },
    };
    return unit as unknown as UnitOfWork;
  };

  readonly toldTo = (): UnitsOfWork => this;

  readonly withUnit = async <Result>(access: Access, callback: (work: Work) => Promise<Result>): Promise<Result> => {
    const unit = this.open(access);
    try {
      const result = await callback(unit);
      await unit.commit();
      return result;
    } finally {
      await unit.close();
    }
  };
}
