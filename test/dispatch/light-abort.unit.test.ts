import { expect } from 'chai';

import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
import { LightAbortController } from '#application/waiting/light-abort.js';

describe('LightAbortController', () => {
  /** Both do the same, as far as this code uses them. */
  for (const [name, make] of [
    ['a light one', () => new LightAbortController()],
    ['that of the platform', () => new AbortController()],
  ] as const) {
    const begin = (): {
      readonly signal: LightAbortSignal;
      readonly abort: (reason?: Error) => void;
      calls: string[];
    } => {
      const controller = make();
      return { signal: controller.signal, abort: (reason) => controller.abort(reason), calls: [] };
    };

    it(`${name}: tells each listener once, and keeps its first reason`, () => {
      const { signal, abort, calls } = begin();
      const twice = (): void => void calls.push('twice');
      signal.addEventListener('abort', twice);
      signal.addEventListener('abort', twice);
      signal.addEventListener('abort', () => calls.push('other'));
      expect(signal.aborted).to.equal(false);
      signal.throwIfAborted();
      const reason = new Error('enough');
      abort(reason);
      abort(new Error('again'));
      expect(calls).to.deep.equal(['twice', 'other']);
      expect(signal.aborted).to.equal(true);
      expect(signal.reason).to.equal(reason);
      expect(() => signal.throwIfAborted()).to.throw('enough');
    });

    it(`${name}: tells nobody who has left, or who comes too late`, () => {
      const { signal, abort, calls } = begin();
      const listen = (): void => void calls.push('left');
      signal.addEventListener('abort', listen);
      signal.removeEventListener('abort', listen);
      abort();
      signal.addEventListener('abort', () => calls.push('late'), { once: true });
      expect(calls).to.deep.equal([]);
      expect(signal.reason).to.be.instanceOf(DOMException).and.to.include({ name: 'AbortError' });
    });
  }
});
