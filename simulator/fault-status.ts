/** The status of a fault as in the SOVD template: camelCase keys, the strings "0" and "1" (ISO 14229-1, DTC status). */
export type FaultStatus = Readonly<Record<string, string>>;

const bits = [
  'testFailed',
  'testFailedThisOperationCycle',
  'pendingDTC',
  'confirmedDTC',
  'testNotCompletedSinceLastClear',
  'testFailedSinceLastClear',
  'testNotCompletedThisOperationCycle',
  'warningIndicatorRequested',
] as const;
type Bit = (typeof bits)[number];

/** Failing right now, confirmed. */
export const active = faultStatus('active', [
  'testFailed',
  'testFailedThisOperationCycle',
  'pendingDTC',
  'confirmedDTC',
  'testFailedSinceLastClear',
]);

/** Failing right now, confirmed, with a lamp on in the dashboard. */
export const activeWithLamp = faultStatus('active', [
  'testFailed',
  'testFailedThisOperationCycle',
  'pendingDTC',
  'confirmedDTC',
  'testFailedSinceLastClear',
  'warningIndicatorRequested',
]);

/** Was confirmed, doesn't fail at the moment. */
export const stored = faultStatus('inactive', ['confirmedDTC', 'testFailedSinceLastClear']);

/** Seen, but not often enough to be confirmed. */
export const pending = faultStatus('pending', ['pendingDTC', 'testFailedSinceLastClear']);

function faultStatus(aggregatedStatus: string, set: readonly Bit[]): FaultStatus {
  const mask = bits.reduce((sum, bit, position) => (set.includes(bit) ? sum | (1 << position) : sum), 0);
  return {
    ...Object.fromEntries(bits.map((bit) => [bit, set.includes(bit) ? '1' : '0'])),
    mask: `0x${mask.toString(16).padStart(2, '0')}`,
    aggregatedStatus,
  };
}
