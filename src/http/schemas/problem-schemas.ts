import { z } from 'zod';

import { errorDefinitions, type ErrorCode } from '#application/domain/errors.js';

const codes = Object.keys(errorDefinitions) as [ErrorCode, ...ErrorCode[]];

/** Problem details (RFC 9457) with our own members. */
export const problemSchema = z
  .looseObject({
    type: z
      .string()
      .meta({ description: 'A URI that names the error.', examples: ['urn:sovd-fleet:error:invalid-request'] }),
    title: z.string().meta({ examples: ['The input is not valid'] }),
    status: z.int().min(400).max(599),
    detail: z.string(),
    instance: z.string().meta({ description: 'The path that was asked for.' }),
    code: z.enum(codes).meta({ description: 'Stable: branch on it.' }),
    request_id: z.string(),
    errors: z
      .array(
        z.object({
          pointer: z.string().meta({
            description: 'JSON pointer into the body; for the rest it begins with #/path, #/query or #/header.',
          }),
          message: z.string(),
        }),
      )
      .optional()
      .meta({ description: 'Everything that is wrong in the input.' }),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457).' });
