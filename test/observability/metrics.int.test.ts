import { expect } from 'chai';

import { useWorkshop } from '../dispatch/workshop.js';
import { readText } from '../documentation/repository.js';
import { partsOf, readExpressions } from './expressions.js';

describe('the metrics', () => {
  const workshop = useWorkshop({ vehicles: 1 });

  async function scrape(): Promise<string> {
    const answer = await fetch(`${workshop.program.url}/metrics`, { signal: AbortSignal.timeout(8000) });
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/u);
    return answer.text();
  }

  /** The value of a series, as it is written. */
  const valueOf = (page: string, series: string): number | undefined => {
    const line = page.split('\n').find((text) => text.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1).replace('Nan', 'NaN'));
  };

  before('some traffic', async () => {
    const { program } = workshop;
    const { token } = await program.logInAs('engineer');
    await program.call(undefined, 'POST', '/auth/login', { username: 'nobody', password: 'wrong' });
    await program.call(token, 'GET', '/vehicles?limit=1');
    await program.call(token, 'GET', '/commands/no-uuid-at-all-but-secret');
    await program.call(token, 'GET', '/nowhere/at/all');
    await program.call(
      token,
      'POST',
      '/commands',
      {
        vehicle_id: workshop.car(),
        command_name: 'read-faults',
        command_params: { entity: 'components/engine-control' },
      },
      { prefer: 'wait=20' },
    );
  });

  it('count what really happened, and are told without a token', async () => {
    const page = await scrape();
    const type = 'type="read-faults"';
    for (const to of ['pending', 'in_progress', 'completed']) {
      expect(valueOf(page, `sovd_fleet_command_transitions_total{${type},to="${to}"}`), to).to.equal(1);
    }
    for (const name of ['waiting', 'working']) {
      expect(valueOf(page, `sovd_fleet_command_${name}_seconds_count{${type},outcome="completed"}`)).to.equal(1);
    }
    expect(valueOf(page, 'sovd_fleet_logins_refused_total{reason="unknown-user"}')).to.equal(1);
    expect(valueOf(page, 'sovd_fleet_vehicle_exchange_duration_seconds_count{outcome="answered"}')).to.be.at.least(1);
    expect(valueOf(page, 'sovd_fleet_ready')).to.equal(1);
    expect(valueOf(page, 'sovd_fleet_db_pool_max')).to.equal(30);
    expect(valueOf(page, 'sovd_fleet_units_opened_total{access="write"}')).to.be.above(0);
    expect(page).to.match(
      /http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/vehicles",status="200"\} 1\n/u,
    );
  });

  it('have no label whose values a client can choose', async () => {
    const page = await scrape();
    expect(page).not.to.contain('no-uuid-at-all').and.not.to.contain('nowhere');
    expect(page).to.contain('route="/api/v1/commands/:command_id",status="400"');
    expect(page).to.contain('route="none",status="404"');
  });

  it('are all there that the dashboard and the rules name', async () => {
    const page = await scrape();
    const exposed = new Set([...page.matchAll(/^([a-z_0-9]+)(?:\{| )/gmu)].map(([, name]) => name));
    // Made by Prometheus itself.
    exposed.add('up');
    const named = (await readExpressions()).flatMap(({ text }) => partsOf(text).metrics);
    expect(named).to.include.members(['sovd_fleet_ready', 'sovd_fleet_commands_pending', 'up']);
    expect([...new Set(named)].filter((name) => !exposed.has(name))).to.deep.equal([]);
  });

  it('come although the database does not answer, and say that they do not know', async () => {
    const { Client } = await import('pg');
    const client = new Client({ connectionString: workshop.database.url });
    await client.connect();
    try {
      // What is kept for a moment would hide it.
      let page = await scrape();
      expect(valueOf(page, 'sovd_fleet_commands_pending')).to.equal(0);
      expect(valueOf(page, 'sovd_fleet_oldest_running_command_age_seconds')).to.equal(0);
      await client.query('begin');
      await client.query('lock table commands in access exclusive mode');
      while (Number.isFinite(valueOf(page, 'sovd_fleet_commands_pending'))) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        page = await scrape();
      }
      expect(page).to.contain('sovd_fleet_db_pool_using');
    } finally {
      await client.query('rollback');
      await client.end();
    }
  });
});

describe('the rules and the dashboard', () => {
  it('parse, and never divide a series by itself', async () => {
    const expressions = await readExpressions();
    expect(expressions).to.have.length.above(20);
    for (const { where, text } of expressions) {
      const { errors, divisions } = partsOf(text);
      expect(errors, `${where}: ${text}`).to.equal(0);
      for (const [dividend, divisor] of divisions) expect(dividend, where).not.to.equal(divisor);
    }
  });

  it('would be refused if they were wrong', () => {
    expect(partsOf('sum(rate(a[5m])').errors).to.be.above(0);
    expect(partsOf('rate(a[5m]) / rate(a[5m])').divisions).to.deep.equal([['rate(a[5m])', 'rate(a[5m])']]);
    expect(partsOf('sum by (le) (rate(a_bucket{b="c"}[5m])) > 1 and d').metrics).to.deep.equal(['a_bucket', 'd']);
  });

  it('are read by Prometheus and Grafana of the compose file', async () => {
    const compose = await readText('docker-compose.yml');
    expect(compose).to.contain('./deploy/prometheus:/etc/prometheus').and.contain('./deploy/grafana/sovd-fleet.json');
    expect(await readText('deploy/prometheus/prometheus.yml')).to.contain('alerts.yml');
  });
});
