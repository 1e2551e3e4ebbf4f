import { access } from 'node:fs/promises';
import path from 'node:path';

import { expect } from 'chai';
import { parse } from 'yaml';

import { loadSettings } from '#config/settings.js';
import { serviceNodeFlags } from '#support/node-flags.js';

import { readText, repository } from './repository.js';

interface Service {
  readonly image?: string;
  readonly profiles?: readonly string[];
  readonly build?: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
}

const ownServices = ['migrate', 'service', 'first-steps'];

describe('docker-compose.yml', () => {
  let text: string;
  let services: Compose['services'];

  before(async () => {
    text = await readText('docker-compose.yml');
    ({ services } = parse(text, { merge: true }) as Compose);
  });

  it('variables: are settings, or secrets that make up makes', async () => {
    const used = new Set([...text.matchAll(/(?<!\$)\$\{([A-Z_]+)/gu)].map(([, name]) => name));
    const known = new Set([...(await settingNames()), ...(await madeSecrets())]);
    expect([...used].filter((name) => !known.has(name ?? ''))).to.deep.equal([]);
    expect([...used]).to.include.members(await madeSecrets());
  });

  it('what our own services are given: is a setting, and all of it together starts in production', async () => {
    const names = new Set(await settingNames());
    for (const name of ['migrate', 'service']) {
      const environment = services[name]?.environment ?? {};
      expect(Object.keys(environment).filter((variable) => !names.has(variable))).to.deep.equal([]);
      const settings = loadSettings(await interpolated(environment));
      expect(settings.environment).to.equal('production');
      expect(settings.database.kind).to.equal('url');
      expect(settings.server).to.include({ host: '0.0.0.0', port: 8000 });
    }
  });

  it('secrets: have no default, so that nothing starts without them', async () => {
    for (const name of await madeSecrets()) {
      const uses = [...text.matchAll(new RegExp(String.raw`\$\{${name}(.)`, 'gu'))];
      for (const [use, next] of uses) expect(next, use).to.equal(':');
      expect(text).not.to.include(`\${${name}:-`);
    }
  });

  it('ports: only the service has one, and the pages of its figures where they run, on this machine alone', () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    expect(published).to.deep.equal([
      ['service', '127.0.0.1:${PORT:-8000}:8000'],
      ['grafana', '127.0.0.1:3000:3000'],
    ]);
    expect(services['grafana']).to.deep.include({ profiles: ['observability'] });
  });

  it('order: the service waits for the migrations and for healthy neighbours', () => {
    expect(services['service']?.depends_on).to.deep.equal({
      postgres: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
      migrate: { condition: 'service_completed_successfully' },
    });
    for (const [name, { depends_on: needed = {} }] of Object.entries(services)) {
      for (const other of Object.keys(needed)) expect(services, name).to.have.property(other);
    }
  });

  it('programs: are those that the image holds', async () => {
    const dockerfile = await readText('Dockerfile');
    const commands = [...Object.values(services).map(({ command = [] }) => command.join(' ')), dockerfile];
    const programs = commands.flatMap((command) => command.match(/dist\/[\w/-]+\.js/gu) ?? []);
    expect(programs).to.include.members(['dist/src/migrate.js', 'dist/simulator/main.js', 'dist/src/main.js']);
    for (const program of programs) {
      expect(dockerfile).to.include(`dist/${program.split('/')[1] ?? ''} `);
      await access(path.join(repository, program));
    }
  });

  it('service: is started as `npm start` does', async () => {
    const [, command = ''] = /^CMD (.+)$/mu.exec(await readText('Dockerfile')) ?? [];
    expect(JSON.parse(command)).to.deep.equal(['node', ...(await serviceNodeFlags()), 'dist/src/main.js']);
  });

  it('simulated vehicles: their settings are those of the simulator', async () => {
    const usage = await readText('simulator/command-line.ts');
    for (const name of Object.keys(services['vehicle']?.environment ?? {}))
      expect(usage).to.match(new RegExp(`[(]${name}[,)]`, 'u'));
  });

  it('our containers: run with nothing that they don’t need', () => {
    for (const name of [...ownServices, 'vehicle']) {
      expect(services[name], name).to.deep.include({ read_only: true, cap_drop: ['ALL'] });
    }
  });
});

async function settingNames(): Promise<readonly string[]> {
  return [...(await readText('.env.example')).matchAll(/^#?([A-Z_]+)=/gmu)].map(([, name = '']) => name);
}

async function madeSecrets(): Promise<readonly string[]> {
  const [, names = ''] = /^for name in (.+); do$/mu.exec(await readText('deploy/make-secrets.sh')) ?? [];
  return names.split(' ');
}

/** The variables as compose hands them over, with a secret of the right form for each. */
async function interpolated(environment: NonNullable<Service['environment']>): Promise<Record<string, string>> {
  const secrets = new Set(await madeSecrets());
  const fill = (_match: string, name: string, fallback?: string): string =>
    secrets.has(name) ? `${name.endsWith('_KEYS') ? 'k1:' : ''}${'0123456789abcdef'.repeat(4)}` : (fallback ?? '');
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      String(value).replaceAll(/\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)?\}/gu, fill),
    ]),
  );
}
