import { hash as argon2Hash, parseOptions } from '@node-rs/argon2';
import { expect } from 'chai';

import { ApplicationError } from '#application/domain/errors.js';
import { createArgon2PasswordHasher } from '#infrastructure/security/argon2-password-hasher.js';

describe('createArgon2PasswordHasher', () => {
  const hasher = createArgon2PasswordHasher({ concurrency: 2 });

  it('a password: is hashed with argon2id as OWASP asks, with a salt of its own', async () => {
    const hashes = await Promise.all([hasher.hash('Korrekt-Pferd'), hasher.hash('Korrekt-Pferd')]);
    expect(hashes[0]).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/u);
    expect(hashes[0]).not.to.equal(hashes[1]);
    expect(await Promise.all(hashes.map((hash) => hasher.verify(hash, 'Korrekt-Pferd')))).to.deep.equal([true, true]);
  });

  it('another password: is refused', async () => {
    const hash = await hasher.hash('Passwort-ä');
    expect(await hasher.verify(hash, 'Passwort-a')).to.equal(false);
    expect(await hasher.verify(hash, '')).to.equal(false);
    expect(await hasher.verify(hash, 'Passwort-ä ')).to.equal(false);
  });

  it('a hash made with other parameters: is still understood', async () => {
    const hash = await argon2Hash('old', { memoryCost: 8192, timeCost: 1, parallelism: 1 });
    expect(parseOptions(hash).memoryCost).to.equal(8192);
    expect(await hasher.verify(hash, 'old')).to.equal(true);
  });

  it('no hash: is refused', async () => {
    expect(await hasher.verify(undefined, 'anything')).to.equal(false);
  });

  for (const malformed of [
    '',
    'plain',
    '$2b$12$abcdefghijklmnopqrstuv',
    '$argon2id$v=19$m=19456,t=2,p=1$$',
    '\u0000',
  ]) {
    it(`the malformed hash ${JSON.stringify(malformed)}: is refused, without an error`, async () => {
      expect(await hasher.verify(malformed, 'anything')).to.equal(false);
    });
  }

  it('no hash, a malformed one and a good one: cost the same work', async () => {
    const stored = await hasher.hash('good');
    const cost = async (hash: string | undefined) => {
      const before = process.cpuUsage();
      for (let round = 0; round < 5; round += 1) await hasher.verify(hash, 'wrong');
      const used = process.cpuUsage(before);
      return used.user + used.system;
    };
    const good = await cost(stored);
    // One without work would take a hundredth of it; half leaves room for a busy machine.
    expect(await cost(undefined)).to.be.above(good / 2);
    expect(await cost('malformed')).to.be.above(good / 2);
  });

  it('the event loop: turns while passwords are hashed', async () => {
    let turns = 0;
    const counter = setInterval(() => (turns += 1), 1);
    await Promise.all(Array.from({ length: 8 }, () => hasher.hash('x')));
    clearInterval(counter);
    expect(turns).to.be.above(0);
  });

  it('more callers than may wait: the last ones are told to come back', async () => {
    const small = createArgon2PasswordHasher({ concurrency: 1, maxWaiting: 2 });
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => small.verify(undefined, 'x')));
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(outcomes.map(({ status }) => status)).to.deep.equal([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    for (const refusal of refusals) {
      expect(refusal).to.be.instanceOf(ApplicationError).and.to.include({ code: 'overloaded', retryAfterSeconds: 5 });
    }
  });
});
