import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import { expect } from 'chai';
import express from 'express';
import jsonwebtoken, { type Algorithm, type JwtPayload } from 'jsonwebtoken';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

import { jwtAlgorithms } from '#config/security-settings.js';
import { Secret } from '#config/secret.js';
import { createJwtAccessTokens, type AccessTokenVerification } from '#infrastructure/security/jwt-access-tokens.js';

const secret = '0123456789abcdef0123456789abcdef-ä';
const claims = {
  userId: '0190b5c2-7a4b-7c3d-8e9f-000000000001',
  username: 'ada',
  role: 'engineer',
  sessionId: '0190b5c2-7a4b-7c3d-8e9f-000000000002',
  accessVersion: 3,
} as const;

describe('createJwtAccessTokens', () => {
  for (const algorithm of jwtAlgorithms) {
    it(`${algorithm}: signs the claims with it, to the second`, () => {
      const tokens = createJwtAccessTokens({ secret: new Secret(secret), algorithm, expirationMinutes: 15 });
      const { token, expiresAt } = tokens.issue(claims, new Date('2026-01-02T03:04:05.678Z'));
      const { jti, ...payload } = verify(token, secret, algorithm, true);
      const issuedAt = Date.parse('2026-01-02T03:04:05Z') / 1000;
      expect(payload).to.deep.equal({
        sub: claims.userId,
        username: 'ada',
        role: 'engineer',
        sid: claims.sessionId,
        ver: 3,
        iss: 'sovd-fleet',
        aud: 'sovd-fleet-api',
        iat: issuedAt,
        exp: issuedAt + 900,
      });
      expect(jti).to.be.a('string').with.length(36);
      expect(expiresAt.toISOString()).to.equal('2026-01-02T03:19:05.000Z');
    });
  }

  it('the same login twice in one second: gives two tokens', () => {
    const tokens = createJwtAccessTokens({ secret: new Secret(secret), algorithm: 'HS256', expirationMinutes: 15 });
    const now = new Date();
    expect(tokens.issue(claims, now).token).not.to.equal(tokens.issue(claims, now).token);
  });
});

describe('createJwtAccessTokens with passport-jwt', () => {
  const tokens = createJwtAccessTokens({ secret: new Secret(secret), algorithm: 'HS256', expirationMinutes: 15 });
  const { key, issuer, audience } = tokens.verification;
  let server: Server;
  let address: string;

  before(async () => {
    server = createServer(protectedApp(tokens.verification)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('The server has no port.');
    address = `http://127.0.0.1:${bound.port}/`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it('a token of ours: is accepted with the KeyObject', async () => {
    expect(await statusFor(tokens.issue(claims, new Date()).token)).to.equal(200);
  });

  it('an expired token: is refused', async () => {
    expect(await statusFor(tokens.issue(claims, new Date(Date.now() - 16 * 60_000)).token)).to.equal(401);
  });

  const sign = (signingKey: KeyObject | string, options: jsonwebtoken.SignOptions) =>
    jsonwebtoken.sign({ username: 'ada' }, signingKey, {
      issuer,
      audience,
      subject: claims.userId,
      expiresIn: 60,
      ...options,
    });
  const forgeries: readonly (readonly [string, () => string])[] = [
    ['another secret', () => sign('another-secret-of-32-bytes-or-more', { algorithm: 'HS256' })],
    ['another algorithm with the right secret', () => sign(key, { algorithm: 'HS512' })],
    ['no signature', () => sign('', { algorithm: 'none' })],
    ['a key pair', () => sign(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, { algorithm: 'RS256' })],
    ['another issuer', () => sign(key, { algorithm: 'HS256', issuer: 'somebody' })],
    ['another audience', () => sign(key, { algorithm: 'HS256', audience: 'another-api' })],
    ['a changed body', () => tokens.issue(claims, new Date()).token.replace(/\.[^.]+\./u, `.${altered()}.`)],
  ];
  for (const [name, forge] of forgeries) {
    it(`a token with ${name}: is refused`, async () => {
      expect(await statusFor(forge())).to.equal(401);
    });
  }

  it('the control of these forgeries, with everything right: is accepted', async () => {
    expect(await statusFor(sign(key, { algorithm: 'HS256' }))).to.equal(200);
  });

  it('the key: is a secret that cannot be taken for a public one', () => {
    expect(key.type).to.equal('secret');
    expect(() => createPublicKey(key)).to.throw();
    expect(JSON.stringify(tokens.verification)).not.to.contain(secret);
  });

  async function statusFor(token: string): Promise<number> {
    const reply = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
    await reply.arrayBuffer();
    return reply.status;
  }
});

function protectedApp({ key, algorithm, issuer, audience }: AccessTokenVerification): express.Express {
  const strategy = new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // jsonwebtoken takes a KeyObject, and passport-jwt hands on what it gets; its types name only the older kinds.
      secretOrKey: key as unknown as Buffer,
      algorithms: [algorithm],
      issuer,
      audience,
    },
    (payload: JwtPayload, done) => done(null, payload),
  );
  const app = express();
  const authenticate = passport.authenticate(strategy, { session: false }) as express.RequestHandler;
  app.get('/', authenticate, (_request, response) => {
    response.json({});
  });
  return app;
}

function verify(token: string, key: string, algorithm: Algorithm, ignoreExpiration: boolean): JwtPayload {
  const payload = jsonwebtoken.verify(token, key, { algorithms: [algorithm], ignoreExpiration });
  if (typeof payload === 'string') throw new Error('The token holds text.');
  return payload;
}

function altered(): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const body = { sub: claims.userId, role: 'admin', iss: 'sovd-fleet', aud: 'sovd-fleet-api', exp: nowSeconds + 60 };
  return Buffer.from(JSON.stringify(body)).toString('base64url');
}
