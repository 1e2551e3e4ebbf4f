/** New ids: UUIDv7 (RFC 9562), so they grow with time. */
export interface Identifiers {
  readonly next: () => string;
}
