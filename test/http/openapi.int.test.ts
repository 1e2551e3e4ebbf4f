import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import { z } from 'zod';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type RunningProgram } from '#support/program.js';

import { declaredEndpoints } from './declared-endpoints.js';

describe('the OpenAPI document', () => {
  const database = useDatabase();
  let simulator: Simulator;
  let service: RunningProgram;
  let document: any;

  before(async () => {
    simulator = await startSimulator({ vehicles: 1, executionMillis: 50 });
    service = await startProgram(database.url);
    document = await (await fetch(`${service.url}/openapi.json`)).json();
  });
  after(async () => {
    await service.stop();
    await simulator.close();
  });

  const operations = (): readonly { method: string; path: string; operation: any }[] =>
    Object.entries<object>(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
    );

  /** A schema of the document, ready to judge. */
  const readerOf = (schema: unknown): z.ZodType => {
    const text = JSON.stringify({ ...(schema as object), $defs: document.components.schemas });
    return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')));
  };

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
      expect(text, `${method} ${path}`).not.to.contain('no-such-route');
      expect(response.status).not.to.equal(405);
    }
  });

  it('has ids that are unique, and the errors of each operation', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const { role, method, path, body, errors, operationId } of declaredEndpoints) {
      const { responses, security } = document.paths[`/api/v1${path}`][method];
      expect(Object.keys(responses), operationId).to.include.members(['400', '500', '503']);
      const isOpen = role === 'anonymous';
      expect(security, operationId).to.deep.equal(isOpen ? undefined : [{ bearerAuth: [] }]);
      if (!isOpen) expect(Object.keys(responses)).to.include('401');
      if (!isOpen && role !== 'authenticated') expect(Object.keys(responses)).to.include('403');
      if (body !== undefined) expect(Object.keys(responses)).to.include.members(['413', '415']);
      const told = JSON.stringify(responses);
      for (const code of errors) expect(told, `${operationId} ${code}`).to.contain(`\`${code}\``);
      for (const answer of Object.values<any>(responses)) expect(answer.headers).to.have.property('X-Request-Id');
    }
  });

  it('has examples that its own schemas and the service take', () => {
    let count = 0;
    for (const { operation } of operations()) {
      const content = operation.requestBody?.content['application/json'];
      if (content === undefined) continue;
      expect(content.examples).not.to.equal(undefined);
      for (const { value } of Object.values<any>(content.examples)) {
        const read = readerOf(content.schema).safeParse(value);
        expect(read.error, JSON.stringify(value)).to.equal(undefined);
        count += 1;
      }
    }
    expect(count).to.be.at.least(10);
    for (const { bodyExamples, body } of declaredEndpoints) {
      for (const example of Object.values(bodyExamples)) expect(body?.safeParse(example).success).to.equal(true);
    }
  });

  it('tells the truth about answers', async () => {
    const admin = await service.logInAs('admin');
    const { body: vehicle } = await service.call(
      ...([admin.token, 'POST', '/vehicles', vehicleBody(simulator.vehicles[0]?.baseUrl ?? '')] as const),
    );
    const order = { vehicle_id: vehicle.vehicle_id, command_name: 'discover' };
    const { body: command } = await service.call(admin.token, 'POST', '/commands', order, { prefer: 'wait=20' });
    const login = { username: admin.username, password: admin.password };
    const requests: readonly (readonly [
      method: string,
      template: string,
      path?: string | undefined,
      body?: unknown,
      headers?: Record<string, string>,
    ])[] = [
      ['post', '/auth/login', undefined, login],
      ['post', '/auth/login', undefined, { ...login, password: 'wrong' }],
      ['post', '/auth/login', undefined, {}],
      ['get', '/auth/me'],
      ['get', '/vehicles'],
      ['post', '/vehicles', undefined, vehicleBody('http://127.0.0.1:9')],
      ['post', '/vehicles', undefined, { ...vehicleBody('http://127.0.0.1:9'), vin: vehicle.vin }],
      ['get', '/vehicles/{vehicle_id}', `/vehicles/${vehicle.vehicle_id}`],
      ['patch', '/vehicles/{vehicle_id}', `/vehicles/${vehicle.vehicle_id}`, { metadata: { a: 1 } }],
      ['get', '/command-types'],
      ['get', '/command-types/{name}', '/command-types/sovd-request'],
      ['post', '/commands', undefined, order],
      ['post', '/commands', undefined, order, { prefer: 'wait=20' }],
      ['post', '/commands', undefined, { ...order, command_name: 'x' }],
      ['get', '/commands'],
      ['get', '/commands/{command_id}', `/commands/${command.command_id}`],
      ['get', '/commands/{command_id}/responses', `/commands/${command.command_id}/responses`],
      ['get', '/commands/{command_id}/transitions', `/commands/${command.command_id}/transitions`],
      ['post', '/commands/{command_id}/cancel', `/commands/${command.command_id}/cancel`],
      ['get', '/commands/{command_id}', `/commands/${vehicle.vehicle_id}`],
      ['delete', '/vehicles/{vehicle_id}', `/vehicles/${vehicle.vehicle_id}`],
    ];
    for (const [method, template, path = template, body, headers] of requests) {
      const answer = await service.call(...([admin.token, method.toUpperCase(), path, body, headers] as const));
      const documented = document.paths[`/api/v1${template}`][method].responses[answer.status];
      expect(documented, `${method} ${path}: ${answer.status}`).not.to.equal(undefined);
      const mediaType = answer.headers.get('content-type') ?? 'none';
      const schema = documented.content?.[mediaType]?.schema;
      if (answer.body === undefined) {
        expect(documented).not.to.have.property('content');
        continue;
      }
      expect(schema, `${method} ${path}: ${answer.status} ${mediaType}`).not.to.equal(undefined);
      const read = readerOf(schema).safeParse(answer.body);
      expect(read.error, `${method} ${path}: ${answer.status}`).to.equal(undefined);
      for (const header of Object.keys(documented.headers)) {
        if (header !== 'Idempotent-Replayed') expect(answer.headers.has(header), `${path} ${header}`).to.equal(true);
      }
    }
  });
});
