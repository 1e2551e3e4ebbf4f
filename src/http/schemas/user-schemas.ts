import { z } from 'zod';

import { emailPattern, roles, usernamePattern } from '#application/domain/user.js';

import { maxPasswordUnits } from './account-schemas.js';

const email = z
  .string()
  .min(3)
  .max(254)
  .regex(emailPattern, 'must be an e-mail address')
  .meta({ examples: ['ada@example.com'] });

const password = z.string().max(maxPasswordUnits).meta({
  description: '12 to 1024 characters of any sort; not a well-known one, and not made of the names of the user.',
});

/** Body of a new account. */
export const createUserBody = z
  .object({
    username: z
      .string()
      .max(64)
      .regex(usernamePattern, 'must be 1 to 64 characters without blanks')
      .meta({ description: 'Upper and lower case are the same.', examples: ['ada'] }),
    email,
    role: z.enum(roles),
    password,
  })
  .meta({ id: 'CreateUser' });

/** Body of a change: at least one field. */
export const changeUserBody = z
  .strictObject({
    email: email.optional(),
    role: z.enum(roles).optional(),
    is_active: z.boolean().optional(),
    password: password.optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must name at least one field to change')
  .meta({ id: 'ChangeUser' });
