import { expect } from 'chai';

import { defaultFleetId } from '#application/domain/fleet.js';
import type { VehicleFilter } from '#application/ports/vehicle-repository.js';

import { useUnits } from './units.js';

describe('The lists of a registry with 20,000 vehicles', () => {
  const test = useUnits();

  beforeEach(async () => {
    await test.database.query(
      `insert into vehicles (vehicle_id, vin, make, model, model_year, sovd_base_url, connection_status, metadata, version,
         created_at, updated_at, fleet_id)
       select gen_random_uuid(), 'WVWZZZ1JZXW' || lpad(i::text, 6, '0'), 'Make ' || i % 7, 'Model ' || i % 200, 2024,
         'https://car-' || i || '.example', (array['connected', 'disconnected', 'error'])[1 + i % 3], '{}', 1,
         timestamptz '2026-01-01' + i * interval '1 second', now(), $1
       from generate_series(1, 20000) i`,
      [defaultFleetId],
    );
    await test.database.query('analyze vehicles');
  });

  const after = { at: new Date('2026-01-01T03:00:00Z'), id: '0190c0de-0000-7000-8000-000000000000' };
  const filters: Readonly<Record<string, Partial<VehicleFilter>>> = {
    'all of them': {},
    'retired ones too': { includeRetired: true },
    'by status': { status: 'error' },
    'by make': { make: 'make 3' },
    'by a make that there is not': { make: 'none' },
    'by model': { model: 'model 7' },
    'by make, model and status': { make: 'Make 1', model: 'Model 50', status: 'connected' },
  };
  it('read no more of the table than they must', async () => {
    for (const [name, filter] of Object.entries(filters)) {
      for (const position of [undefined, after]) {
        test.statements.forget();
        const scope = { kind: 'all' } as const;
        await test.units.withUnit('read', (work) =>
          work.vehicles.list({ scope, includeRetired: false, ...filter }, { limit: 50, after: position }),
        );
        const [statement = ''] = test.statements.sent();
        const plan = await test.database.query<{ 'QUERY PLAN': string }>(`explain (generic_plan) ${statement}`);
        const text = plan.map((row) => row['QUERY PLAN']).join('\n');
        expect(text, name).to.match(/using vehicles_\w+_idx|on vehicles_\w+_idx/u);
        expect(text, name).to.not.contain('Seq Scan');
      }
    }
  });
});
