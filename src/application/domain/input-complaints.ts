import type { z } from 'zod';

import type { InputComplaint } from './errors.js';

/** What a schema found wrong, each with a JSON pointer (RFC 6901) below `base`, for example `/command_params/entity`. */
export function inputComplaints(error: z.ZodError, base = ''): readonly InputComplaint[] {
  return error.issues.flatMap((issue) => complaintsOf(issue, base));
}

function complaintsOf(issue: z.core.$ZodIssue, base: string): readonly InputComplaint[] {
  const pointer = base + toPointer(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointer + toPointer([key]), message: 'is not known here; remove it' }));
  }
  return [{ pointer, message: issue.message }];
}

function toPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
