import { expect } from 'chai';
import {
  ConnectionAcquireTimeoutError,
  ConnectionError,
  DatabaseError,
  ForeignKeyConstraintError,
  UniqueConstraintError,
} from 'sequelize';

import { ApplicationError, ConcurrentChange } from '#application/domain/errors.js';
import {
  constraintErrors,
  racedConstraints,
  translateDatabaseError,
} from '#infrastructure/database/database-errors.js';

function driverError(code: string | undefined, message = 'of the driver', constraint?: string): Error {
  return Object.assign(new Error(message), { code, constraint, sql: 'select' });
}

function databaseError(code: string | undefined, message?: string): Error {
  return new DatabaseError(driverError(code, message) as never);
}

function uniqueError(constraint: string): Error {
  return new UniqueConstraintError({ parent: driverError('23505', 'duplicate', constraint) as never });
}

describe('translateDatabaseError', () => {
  const unavailable: readonly (readonly [string, Error])[] = [
    ['the server shuts down', databaseError('57P01')],
    ['the server crashed', databaseError('57P02')],
    ['the server starts', databaseError('57P03')],
    ['the connection failed', databaseError('08006')],
    ['too many connections', databaseError('53300')],
    ['idle in a transaction for too long', databaseError('25P03')],
    ['nobody listens', new ConnectionError(driverError('ECONNREFUSED'))],
    ['the network broke', databaseError('ECONNRESET')],
    ['the driver lost its connection', databaseError(undefined, 'Connection terminated unexpectedly')],
    [
      'the driver knows it is lost',
      databaseError(undefined, 'Client has encountered a connection error and is not queryable'),
    ],
  ];
  for (const [name, error] of unavailable) {
    it(`${name}: is database-unavailable, to be tried again`, () => {
      const translated = translateDatabaseError(error);
      expect(translated).to.be.instanceOf(ApplicationError).and.include({ code: 'database-unavailable', cause: error });
      expect((translated as ApplicationError).retryAfterSeconds).to.be.above(0);
    });
  }

  it('a full pool and a statement over its time: are overloaded, to be tried again', () => {
    for (const error of [new ConnectionAcquireTimeoutError(new Error('timeout')), databaseError('57014')]) {
      const translated = translateDatabaseError(error);
      expect(translated).to.be.instanceOf(ApplicationError).and.include({ code: 'overloaded', kind: 'unavailable' });
      expect((translated as ApplicationError).retryAfterSeconds).to.be.above(0);
    }
  });

  it('a deadlock, a serialisation failure and an unmet expectation: are a ConcurrentChange', () => {
    for (const state of ['40P01', '40001', 'SF001']) {
      expect(translateDatabaseError(databaseError(state)), state).to.be.instanceOf(ConcurrentChange);
    }
  });

  it('a known unique constraint: is its answer', () => {
    for (const [constraint, { code }] of Object.entries(constraintErrors)) {
      expect(translateDatabaseError(uniqueError(constraint)))
        .to.be.instanceOf(ApplicationError)
        .and.include({ code });
    }
    for (const constraint of racedConstraints) {
      expect(translateDatabaseError(uniqueError(constraint))).to.be.instanceOf(ConcurrentChange);
    }
  });

  it('an unknown constraint, another state, and what is no error of the database: come back as they were', () => {
    const foreignKey = new ForeignKeyConstraintError({
      parent: driverError('23503', 'foreign', 'users_email_key') as never,
    });
    const others = [
      uniqueError('responses_pkey'),
      foreignKey,
      databaseError('42601'),
      databaseError('57P99x'),
      new ApplicationError('vehicle-not-found', 'no'),
      new TypeError('a bug'),
      'text',
      undefined,
    ];
    for (const error of others) expect(translateDatabaseError(error)).to.equal(error);
  });

  it('what a client sees: says nothing of the driver, of SQL or of values', () => {
    for (const error of [
      ...unavailable.map(([, each]) => each),
      databaseError('40P01'),
      uniqueError('vehicles_vin_key'),
    ]) {
      const { message } = translateDatabaseError(error) as ApplicationError;
      expect(message)
        .to.match(/^[A-Z][^{}"]*\.$/u)
        .and.not.match(/driver|sql|constraint|duplicate|select/iu);
    }
  });
});
