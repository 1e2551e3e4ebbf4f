import { expect } from 'chai';

import type { Work } from '#application/ports/unit-of-work.js';

import { anAuditEntry, awkwardText, newId, store } from './builders.js';
import { useUnits } from './units.js';

const at = (text: string) => new Date(`2026-03-01T${text}Z`);

describe('SequelizeAuditLog', () => {
  const test = useUnits();
  const { database } = test;
  const note = (task: (work: Work) => void) => store(test.units, task);

  it('an entry: is stored with everything that is known of the actor, or with the least', async () => {
    const origin = { ipAddress: '2001:db8::7', userAgent: awkwardText, requestId: 'request' };
    const user = {
      kind: 'user' as const,
      userId: newId(),
      username: awkwardText,
      role: 'admin' as const,
      sessionId: newId(),
      accessVersion: 0,
      accessUntil: new Date(),
      origin,
    };
    const most = anAuditEntry({
      actor: user,
      entityType: 'vehicle',
      entityId: newId(),
      vehicleId: newId(),
      commandId: newId(),
      outcome: 'refused',
      details: { text: awkwardText },
      occurredAt: at('08:00:00.001'),
    });
    const unknown = { ipAddress: undefined, userAgent: undefined, requestId: undefined };
    const entries = [most, anAuditEntry({ actor: { kind: 'anonymous', origin: unknown } }), anAuditEntry()];
    await note((work) => entries.forEach((entry) => work.auditLog.append(entry)));
    const rows = await database.query('select * from audit_logs order by log_id');
    expect(rows[0]).to.deep.equal({
      log_id: most.id,
      occurred_at: most.occurredAt,
      actor_kind: 'user',
      user_id: user.userId,
      username: awkwardText,
      action: most.action,
      entity_type: 'vehicle',
      entity_id: most.entityId,
      vehicle_id: most.vehicleId,
      command_id: most.commandId,
      outcome: 'refused',
      details: { text: awkwardText },
      ip_address: '2001:db8::7',
      user_agent: awkwardText,
      request_id: 'request',
    });
    const nobody = { user_id: null, ip_address: null, user_agent: null, request_id: null, entity_id: null };
    expect(rows[1]).to.include({ ...nobody, actor_kind: 'anonymous', username: null });
    expect(rows[2]).to.include({
      ...nobody,
      actor_kind: 'service',
      username: 'test',
      vehicle_id: null,
      command_id: null,
    });
  });
});
