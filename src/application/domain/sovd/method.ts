import type { Safety } from '../safety.js';

/** The methods that SOVD uses. */
export const sovdMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** One of the methods. */
export type SovdMethod = (typeof sovdMethods)[number];

/** Whether a method only reads, changes the same thing each time, or does something each time (RFC 9110 section 9.2). */
export function safetyOfMethod(method: SovdMethod): Safety {
  switch (method) {
    case 'GET':
      return 'safe';
    case 'PUT':
    case 'DELETE':
      return 'idempotent';
    case 'POST':
    case 'PATCH':
      return 'unsafe';
  }
}
