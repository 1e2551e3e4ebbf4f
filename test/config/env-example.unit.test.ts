import { readFileSync } from 'node:fs';

import { expect } from 'chai';
import { parse } from 'dotenv';

import { loadSettings } from '#config/settings.js';
import { SettingsError } from '#config/settings-error.js';
import type { Environment } from '#config/settings-reader.js';

const text = readFileSync('.env.example', 'utf8');
/** The file as somebody has it who takes the # from every variable. */
const example: Environment = parse(text.replaceAll(/^#(?=[A-Z_]+=)/gmu, ''));

describe('.env.example', () => {
  it('its variables: are those that the loader reads, no more and no less', () => {
    const read = new Set<string>();
    const watched = new Proxy<Environment>({}, { get: (_, name) => void read.add(String(name)) });
    loadSettings(watched);
    expect([...read].sort()).to.deep.equal(Object.keys(example).sort());
  });

  it('copied as it is: changes nothing', () => {
    expect(parse(text)).to.deep.equal({});
  });

  it('every variable: has a comment above it', () => {
    const lines = text.split('\n');
    const bare = lines.filter((line, index) => /^#[A-Z_]+=/u.test(line) && !/^# \S/u.test(lines[index - 1] ?? ''));
    expect(bare).to.deep.equal([]);
  });

  it('its values: are the defaults, but for the four that are examples', () => {
    const { DATABASE_URL, REDIS_URL, JWT_SECRET, CREDENTIALS_KEYS, ...defaults } = example;
    expect([DATABASE_URL, REDIS_URL, JWT_SECRET, CREDENTIALS_KEYS]).not.to.include(undefined);
    expect(loadSettings(defaults)).to.deep.equal(loadSettings({}));
    expect(() => loadSettings({ DATABASE_URL, REDIS_URL })).not.to.throw();
  });

  it('its JWT_SECRET: is long enough, and refused all the same in every environment', () => {
    const { JWT_SECRET, DATABASE_URL, REDIS_URL } = example;
    const CREDENTIALS_KEYS = `k1:${'0'.repeat(64)}`;
    expect(JWT_SECRET).to.have.length.of.at.least(32);
    for (const NODE_ENV of ['development', 'test', 'production']) {
      expect(() => loadSettings({ NODE_ENV, DATABASE_URL, REDIS_URL, JWT_SECRET, CREDENTIALS_KEYS }))
        .to.throw(SettingsError)
        .with.deep.property('complaints', [
          { variable: 'JWT_SECRET', message: 'must be a secret of your own, not the sample of .env.example' },
        ]);
    }
  });

  it('its CREDENTIALS_KEYS: are refused', () => {
    const { CREDENTIALS_KEYS } = example;
    expect(() => loadSettings({ CREDENTIALS_KEYS })).to.throw(SettingsError, 'CREDENTIALS_KEYS must be one or more of');
  });
});
