import type { Contact, Vehicle } from '../domain/vehicle.js';
import type { DispatchSignals } from '../ports/dispatch-signals.js';
import type { Work } from '../ports/unit-of-work.js';

/**
 * Notes what an exchange showed about a vehicle, as far as it is news. What waits in the queue for a vehicle that is back
 * starts at once. `vehicle` is as it was known before the exchange.
 */
export function recordContact(
  work: Pick<Work, 'vehicles' | 'commandQueue' | 'afterCommit'>,
  dispatchSignals: Pick<DispatchSignals, 'send'>,
  vehicle: Vehicle,
  contact: Contact,
): void {
  if (!vehicle.isNews(contact)) return;
  work.vehicles.recordContact(vehicle.id, contact);
  if (!vehicle.isBack(contact)) return;
  work.commandQueue.hasten(vehicle.id);
  work.afterCommit(() => dispatchSignals.send({ kind: 'wake' }));
}
