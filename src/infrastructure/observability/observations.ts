/** What is looked at when somebody asks for the metrics. */
export interface Observations {
  readonly pool: { readonly size: number; readonly using: number; readonly waiting: number };
  readonly poolMaximum: number;
  readonly openStreams: number;
  readonly httpConnections: number;
  readonly vehicleConnections: number;
  readonly health: { readonly isReady: boolean; readonly isRedisConnected: boolean };
  /** Undefined when the database couldn't be asked. */
  readonly queue: QueueState | undefined;
}

/** The queue of commands, of all instances. */
export interface QueueState {
  readonly pending: number;
  readonly inProgress: number;
  readonly oldestPendingSeconds: number;
  readonly oldestRunningSeconds: number;
}
