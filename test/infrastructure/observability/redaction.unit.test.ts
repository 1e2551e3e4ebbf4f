import { expect } from 'chai';

import { redactText } from '#infrastructure/observability/redaction.js';

describe('redactText', () => {
  const secrets = [
    'postgres://fleet:canary@db:5432/fleet',
    'connect to postgresql://fleet:pa/can@ry#canary@db/fleet failed',
    'redis://:canary@cache:6379/0',
    'rediss://user:can@canary@cache',
    'https://user:canary@vehicle.example/sovd/v1',
    'Authorization: Bearer canary0123456789canary',
    'authorization: basic Y2FuYXJ5OmNhbmFyeQ==canary',
    `got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.canary_-1 back`,
    'host=db user=fleet password=canary dbname=fleet',
    'GET /callback?access_token=canary&state=1',
    '{"password":"canary","username":"ada"}',
    'client_secret: canary',
  ];
  for (const text of secrets) {
    it(`${text}: is shown without what is secret`, () => {
      expect(redactText(text)).to.contain('[redacted]').and.not.to.contain('canary').and.not.to.contain('Y2FuYXJ5');
    });
  }

  it('what tells where the trouble is: stays', () => {
    expect(redactText('connect postgres://fleet:canary@db:5432/fleet refused')).to.equal(
      'connect postgres://[redacted]@db:5432/fleet refused',
    );
  });

  const rejected = [
    '{"password": canary',
    'canary',
    `{"a": "${'x'.repeat(100)}", "b": canary, "c": 1}`,
    '{"a":\n"canary" 1}',
  ];
  for (const text of rejected) {
    it(`the parser's complaint about ${JSON.stringify(text.slice(0, 20))}: does not repeat it`, () => {
      expect(redactText(parserComplaint(text))).not.to.contain('canary');
    });
  }

  const harmless = [
    'The command has been taken over.',
    'https://vehicle.example:8443/sovd/v1/components/ecu?scope=Default',
    'mail to ada@example.com about postgres',
    'basic settings are fine',
    '2026-01-02T03:04:05.678Z 0190b5c2-7a4b-7c3d-8e9f-0123456789ab GET /api/v1/commands 200',
  ];
  for (const text of harmless) {
    it(`${text}: stays as it is`, () => expect(redactText(text)).to.equal(text));
  }

  it('a secret that is cut off: goes with its beginning', () => {
    const text = `${'x '.repeat(4090)}postgres://fleet:canarycanarycanary@db/fleet`;
    expect(redactText(text)).not.to.contain('canary');
  });
});

function parserComplaint(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    return String(error);
  }
  throw new Error('It was valid JSON.');
}
