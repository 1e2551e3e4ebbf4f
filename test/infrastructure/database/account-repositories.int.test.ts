import { expect } from 'chai';

import { Session } from '#application/domain/session.js';
import type { Work } from '#application/ports/unit-of-work.js';

import { aHash, aSession, aUser, awkwardText, newId, store, storeFleet } from './builders.js';
import { useUnits } from './units.js';

const at = (text: string) => new Date(`2026-03-01T${text}Z`);

describe('The repositories of accounts', () => {
  const test = useUnits();
  const note = (task: (work: Work) => void) => store(test.units, task);

  const read = <Result>(task: (work: Work) => Promise<Result>) => test.units.withUnit('read', task);

  describe('users', () => {
    it('a user: comes back as it was, by id and by name in any case', async () => {
      const user = aUser({
        username: 'Çelik-Öz',
        email: `o'brien+${newId()}@example.com`,
        passwordHash: awkwardText,
        role: 'admin',
        isActive: false,
        createdAt: at('08:00:00.001'),
        updatedAt: at('09:00:00.999'),
      });
      await note((work) => work.users.add(user));
      expect(await read((work) => work.users.load(user.id))).to.deep.equal(user);
      for (const name of ['Çelik-Öz', 'çelik-öz', 'ÇELIK-ÖZ']) {
        expect(await read((work) => work.users.findByUsername(name)), name).to.deep.equal(user);
      }
    });

    it('nobody of this id or name: is undefined', async () => {
      expect(await read((work) => work.users.load(newId()))).to.equal(undefined);
      for (const name of ['nobody', '', awkwardText, 'a\u0000b']) {
        expect(await read((work) => work.users.findByUsername(name)), name).to.equal(undefined);
      }
    });
  });

  describe('sessions', () => {
    let userId: string;
    beforeEach(async () => {
      ({ userId } = await storeFleet(test.units));
    });

    const find = (session: Session) => read((work) => work.sessions.findByRefreshTokenHash(session.refreshTokenHash));
    const isAlive = (session: Session) => read((work) => work.sessions.isFamilyAlive(session.familyId));

    it('a session: comes back as it was, with everything and with the least', async () => {
      const least = aSession(userId);
      const most = aSession(userId, { familyId: least.id, ipAddress: '2001:db8::7', userAgent: awkwardText });
      await note((work) => {
        work.sessions.add(least);
        work.sessions.add(most);
      });
      expect(await find(least)).to.deep.equal(least);
      expect(await find(most)).to.deep.equal(most);
      const rotatedAt = new Date();
      await note((work) => work.sessions.rotate(most, rotatedAt));
      await note((work) => work.sessions.revokeFamily(most.familyId));
      const revokedAt = (await find(most))?.revokedAt;
      expect(revokedAt).to.be.an.instanceOf(Date);
      expect(await find(most)).to.deep.equal(Session.fromRecord(Object.assign({}, most, { rotatedAt, revokedAt })));
      expect(await read((work) => work.sessions.findByRefreshTokenHash(aHash()))).to.equal(undefined);
    });

    it('a login: is alive until it is revoked, and no other login with it', async () => {
      const [session, other] = [aSession(userId), aSession(userId)];
      await note((work) => {
        work.sessions.add(session);
        work.sessions.add(other);
      });
      expect(await isAlive(session)).to.equal(true);
      await note((work) => work.sessions.revokeFamily(session.familyId));
      expect([await isAlive(session), await isAlive(other)]).to.deep.equal([false, true]);
    });

    it('a login through rotations: is alive as long as its newest token', async () => {
      const session = aSession(userId);
      await note((work) => work.sessions.add(session));
      await note((work) => work.sessions.rotate(session, new Date()));
      expect(await isAlive(session), 'without a successor').to.equal(false);
      const successor = aSession(userId, { familyId: session.familyId });
      await note((work) => work.sessions.add(successor));
      expect(await isAlive(session)).to.equal(true);
    });

    it('a login that has expired, whose user is not active, or that never was: is not alive', async () => {
      const expired = aSession(userId, { expiresAt: new Date(Date.now() - 1) });
      const inactive = aUser({ isActive: false });
      const ofInactive = aSession(inactive.id);
      await note((work) => {
        work.users.add(inactive);
        work.sessions.add(expired);
        work.sessions.add(ofInactive);
      });
      expect([await isAlive(expired), await isAlive(ofInactive), await isAlive(aSession(userId))]).to.deep.equal([
        false,
        false,
        false,
      ]);
    });
  });
});
