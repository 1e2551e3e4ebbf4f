/**
 * What ends the access that tokens give, before those end by themselves: a session that is over, or a change of an account
 * after which only tokens with its new access version are good.
 */
export type Revocation =
  | { readonly kind: 'session'; readonly sessionId: string }
  | { readonly kind: 'user'; readonly userId: string; readonly accessVersion: number };
