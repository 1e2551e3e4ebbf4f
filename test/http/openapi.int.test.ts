import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { startProgram, type RunningProgram } from '#support/program.js';

import { declaredEndpoints } from './declared-endpoints.js';

describe('the OpenAPI document', () => {
  const database = useDatabase();
  let service: RunningProgram;
  let document: any;

  before(async () => {
    service = await startProgram(database.url);
    document = await (await fetch(`${service.url}/openapi.json`)).json();
  });
  after(() => service.stop());

  const operations = (): readonly { method: string; path: string; operation: any }[] =>
    Object.entries<object>(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
    );

  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(document));
    expect(result.valid, JSON.stringify(result.errors)).to.equal(true);
    expect(document.openapi).to.match(/^3\.1\./u);
  });

  it('has just the routes that are declared, and those of the operation', () => {
    const documented = operations().map(({ method, path }) => `${method} ${path}`);
    const declared = declaredEndpoints.map(({ method, path }) => `${method} /api/v1${path}`);
    expect(documented.filter((name) => name.includes('/api/v1')).sort()).to.deep.equal([...declared].sort());
    expect(documented).to.include.members(['get /health/live', 'get /health/ready']);
  });

  it('has operations that are answered, each of them', async () => {
    const id = '0190c0de-0000-7000-8000-000000000000';
    for (const { method, path } of operations()) {
      const url = service.url + path.replaceAll(/\{\w+\}/gu, id);
      const response = await fetch(url, { method: method.toUpperCase() });
      const text = await response.text();
      expect(text, `${method} ${path}`).not.to.contain('"code":"no-such-route"');
      expect(response.status).not.to.equal(405);
    }
  });

  it('has ids that are unique, and the errors of each operation', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const { role, method, path, body, errors, operationId, asksDatabase } of declaredEndpoints) {
      const { responses, security } = document.paths[`/api/v1${path}`][method];
      expect(Object.keys(responses), operationId).to.include.members(['400', '500']);
      if (asksDatabase) expect(Object.keys(responses), operationId).to.include('503');
      const isOpen = role === 'anonymous';
      const needed = role === 'leaving' ? [{ bearerAuth: [] }, {}] : [{ bearerAuth: [] }];
      expect(security, operationId).to.deep.equal(isOpen ? undefined : needed);
      if (!isOpen) expect(Object.keys(responses)).to.include('401');
      const canBeForbidden = role === 'engineer' || role === 'admin' || errors.includes('wrong-password');
      if (canBeForbidden) expect(Object.keys(responses)).to.include('403');
      else expect(Object.keys(responses)).not.to.include('403');
      if (body !== undefined) expect(Object.keys(responses)).to.include.members(['413', '415']);
      const told = JSON.stringify(responses);
      for (const code of errors) expect(told, `${operationId} ${code}`).to.contain(`\`${code}\``);
      for (const answer of Object.values<any>(responses)) expect(answer.headers).to.have.property('X-Request-Id');
    }
  });
});
