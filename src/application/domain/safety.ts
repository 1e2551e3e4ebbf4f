/**
 * What a command can do to a vehicle. `safe` only reads, so it may be sent again. `idempotent` changes something, and a
 * second time would change nothing more. `unsafe` does something each time. Only what is safe is ever sent twice by us.
 */
export const safetyClasses = ['safe', 'idempotent', 'unsafe'] as const;

/** One of the safety classes. */
export type Safety = (typeof safetyClasses)[number];
