/** Which addresses vehicles may have. */
export interface VehicleAddresses {
  /**
   * What is wrong with the base URL of a vehicle, in words for whoever sets it ("must …"); undefined when nothing is.
   * Addresses and names with a meaning of their own are judged at once. Other names are not resolved: where they lead is
   * judged at each connection, at the address that is really used.
   */
  readonly objectionTo: (baseUrl: string) => string | undefined;
}
