import type { Role } from './user.js';

/** Where a call came from, as far as it is known. */
export interface Origin {
  readonly ipAddress: string | undefined;
  readonly userAgent: string | undefined;
  readonly requestId: string | undefined;
}

/** A person or a program that acts in a session of theirs. */
export interface UserActor {
  readonly kind: 'user';
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
  readonly sessionId: string;
  /** The account's access version when the token was made; the token is dead once the account has a higher one. */
  readonly accessVersion: number;
  /** When the access token ends that this call came with. */
  readonly accessUntil: Date;
  readonly origin: Origin;
}

/** Somebody who has not logged in (yet). */
export interface AnonymousActor {
  readonly kind: 'anonymous';
  readonly origin: Origin;
}

/** The service itself: the dispatcher, a script of the operator. */
export interface ServiceActor {
  readonly kind: 'service';
  /** The part of the service that acts, for example `dispatcher`. */
  readonly name: string;
}

/** Who acts now. */
export type Actor = UserActor | AnonymousActor | ServiceActor;

/** Who acts and is known: all but those who have not logged in. */
export type KnownActor = UserActor | ServiceActor;

/** The name under which an actor stands in transitions. */
export function actorName(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
      return actor.username;
    case 'anonymous':
      return 'anonymous';
    case 'service':
      return actor.name;
  }
}
