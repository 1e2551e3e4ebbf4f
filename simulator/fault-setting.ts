import { z } from 'zod';

import type { FaultModel } from './car-model.js';
import { active, activeWithLamp, pending, stored } from './fault-status.js';
import { resourceNotFound } from './sovd-error.js';
import type { Vehicle } from './vehicle.js';

const statuses = { active, 'active-with-lamp': activeWithLamp, stored, pending } as const;

/** A fault to be set from outside; a fault with the same code is replaced. */
export const faultSettingShape = z.strictObject({
  /** For example `components/engine-control`. */
  entity: z.string(),
  code: z.string().min(1).max(64),
  displayCode: z.string().optional(),
  name: z.string().default('Fault set by the simulator'),
  symptom: z.string().default('Set on purpose'),
  severity: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]).default(2),
  scope: z.string().default('Default'),
  status: z.enum(['active', 'active-with-lamp', 'stored', 'pending']).default('active'),
  snapshot: z.record(z.string(), z.unknown()).default({}),
  /** A persistent fault can't be cleared. */
  persistent: z.boolean().default(false),
});
export type FaultSetting = z.input<typeof faultSettingShape>;

/** Sets a fault on an entity. Throws 404 when the entity is missing or has no fault memory. */
export function setFault(vehicle: Vehicle, setting: FaultSetting): void {
  const { entity: path, displayCode, status, persistent, ...rest } = faultSettingShape.parse(setting);
  const entity = vehicle.entity(path);
  if (entity?.model.faults === undefined) throw resourceNotFound(`entity ${path} with faults`);
  const fault: FaultModel = {
    ...rest,
    displayCode: displayCode ?? rest.code,
    status: statuses[status],
    firstSeenHoursAgo: 0,
    lastSeenHoursAgo: 0,
    occurrences: 1,
    ...(persistent && { persistent: true as const }),
  };
  entity.faults.set(fault);
}
