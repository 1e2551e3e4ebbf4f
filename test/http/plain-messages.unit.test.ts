import { expect } from 'chai';
import { z } from 'zod';

import { plainMessage } from '#http/plain-messages.js';

describe('messages about input', () => {
  const cases: readonly (readonly [schema: z.ZodType, value: unknown, message: string])[] = [
    [z.string(), undefined, 'is required'],
    [z.enum(['a', 'b']), undefined, 'is required'],
    [z.union([z.string(), z.number()]), undefined, 'is required'],
    [z.string(), 5, 'must be text'],
    [z.string(), null, 'must be text'],
    [z.number(), 'x', 'must be a number'],
    [z.int(), 1.5, 'must be a whole number'],
    [z.boolean(), 'true', 'must be true or false'],
    [z.object({}), [], 'must be an object'],
    [z.record(z.string(), z.unknown()), 'x', 'must be an object'],
    [z.array(z.string()), {}, 'must be a list'],
    [z.null(), 1, 'must be null'],
    [z.bigint(), 1, 'must be of another type'],
    [z.literal('Bearer'), 'x', 'must be "Bearer"'],
    [z.enum(['fail', 'queue']), 'x', 'must be one of "fail", "queue"'],
    [z.string().min(1), '', 'must not be empty'],
    [z.string().min(3), 'x', 'must have at least 3 characters'],
    [z.string().max(2), 'xyz', 'must have at most 2 characters'],
    [z.array(z.string()).min(1), [], 'must not be empty'],
    [z.array(z.string()).max(1), ['a', 'b'], 'must have at most 1 items'],
    [z.number().min(1), 0, 'must be at least 1'],
    [z.number().max(9), 10, 'must be at most 9'],
    [z.number().gt(1), 1, 'must be more than 1'],
    [z.number().lt(9), 9, 'must be less than 9'],
    [z.number().multipleOf(5), 3, 'must be a multiple of 5'],
    [z.union([z.string(), z.number()]), true, 'is of none of the forms that are possible here'],
    [z.record(z.string().max(1), z.unknown()), { ab: 1 }, 'has a name that is not possible here'],
    [z.string().regex(/x/u, 'must hold an x'), 'y', 'must hold an x'],
    [z.string().refine(() => false, 'must be something else'), 'y', 'must be something else'],
  ];
  for (const [schema, value, message] of cases) {
    it(`say that ${JSON.stringify(value)} ${message}`, () => {
      const { error } = schema.safeParse(value, { error: plainMessage });
      expect(error?.issues.map((issue) => issue.message)).to.deep.equal([message]);
    });
  }
});
