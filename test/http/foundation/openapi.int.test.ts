import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import { z } from 'zod';

import { download, endpoint, eventStream, type Endpoint } from '#http/endpoint.js';
import { openApiDocument } from '#http/openapi.js';
import { noContent, ok } from '#http/reply.js';
import { operationPaths } from '#http/routes/operation-routes.js';

import { serve } from './served-endpoints.js';

const paint = z.object({ colour: z.string(), coats: z.int().default(1) }).meta({ id: 'Paint' });
const car = z
  .object({ car_id: z.guid(), paint: z.object({ colour: z.string() }).meta({ id: 'Coat' }) })
  .meta({ id: 'Car' });

function paintCar(changes: { readonly body?: z.ZodType; readonly answer?: z.ZodType } = {}): Endpoint {
  return endpoint({
    method: 'post',
    path: '/cars/{car_id}/paint',
    operationId: 'paintCar',
    tag: 'Cars',
    summary: 'Paint',
    role: 'engineer',
    access: 'write',
    params: z.object({ car_id: z.guid().meta({ description: 'Which car' }) }),
    query: z.object({
      coats: z.string().transform(Number).pipe(z.int().min(1).max(9)).optional(),
      dry: z.enum(['true', 'false']).transform((text) => text === 'true'),
    }),
    headers: z.object({ 'idempotency-key': z.string().optional() }),
    body: changes.body ?? paint,
    bodyExamples: { red: { colour: 'red' } },
    replies: {
      200: {
        description: 'Painted',
        schema: changes.answer ?? car,
        headers: { Location: 'Where it stands' },
        example: {},
      },
    },
    errors: ['vehicle-not-found', 'vehicle-retired', 'vehicle-offline'],
    handle: () => Promise.resolve({}),
    reply: (painted) => ok(painted as never),
  });
}

const news = eventStream({
  path: '/news',
  operationId: 'followNews',
  tag: 'News',
  summary: 'News',
  role: 'viewer',
  events: { news: { description: 'Something new', schema: z.object({ text: z.string() }) } },
  handle: () => Promise.resolve((async function* () {})()),
  present: () => ({ id: 1, event: 'news', data: null }),
});

function documentOf(endpoints: readonly Endpoint[]): any {
  const document = openApiDocument({ version: '1.2.3', prefix: '/api/v1', endpoints, operationPaths });
  return JSON.parse(JSON.stringify(document));
}

async function expectValid(document: object): Promise<void> {
  const { valid, errors } = await new Validator().validate(document as Record<string, unknown>);
  expect(errors ?? []).to.deep.equal([]);
  expect(valid).to.equal(true);
}

/** All references in a value. */
function referencesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => (name === '$ref' ? [String(member)] : referencesIn(member)));
}

describe('openApiDocument', () => {
  const document = documentOf([paintCar(), news]);
  const operation = document.paths['/api/v1/cars/{car_id}/paint'].post;

  it('is OpenAPI 3.1', async () => {
    expect(document.openapi).to.match(/^3\.1\./u);
    expect(document.info).to.include({ version: '1.2.3' });
    await expectValid(document);
  });

  it('refers to nothing that is not there', () => {
    for (const reference of referencesIn(document)) {
      expect(reference).to.match(/^#\/components\/schemas\//u);
      expect(document.components.schemas).to.have.property(reference.split('/').at(-1) ?? '');
    }
  });

  it('describes parameters by what they are read as', () => {
    const parameters = operation.parameters.map(({ name, in: place, required, schema }: any) => [
      name,
      place,
      required,
      schema.type,
    ]);
    expect(parameters).to.deep.equal([
      ['car_id', 'path', true, 'string'],
      ['coats', 'query', false, 'integer'],
      ['dry', 'query', true, 'string'],
      ['idempotency-key', 'header', false, 'string'],
    ]);
    expect(operation.parameters[0].description).to.equal('Which car');
    expect(operation.parameters[1].schema).to.include({ minimum: 1, maximum: 9 });
    expect(operation.parameters[2].schema.enum).to.deep.equal(['true', 'false']);
  });

  it('describes the body as it is sent, with its examples', () => {
    const { required, content } = operation.requestBody;
    expect(required).to.equal(true);
    const { schema, examples } = content['application/json'];
    expect(schema).to.deep.include({ required: ['colour'], additionalProperties: false });
    expect(examples).to.deep.equal({ red: { value: { colour: 'red' } } });
    const optional = documentOf([paintCar({ body: paint.optional() })]);
    expect(optional.paths['/api/v1/cars/{car_id}/paint'].post.requestBody.required).to.equal(false);
  });

  it('describes each answer, and keeps schemas with a name once', () => {
    expect(operation.responses[200].content['application/json'].schema).to.deep.equal({
      $ref: '#/components/schemas/Car',
    });
    expect(operation.responses[200].headers).to.have.keys(
      ...['X-Request-Id', 'RateLimit', 'RateLimit-Policy', 'Location'],
    );
    expect(document.components.schemas.Car.properties.paint).to.deep.equal({ $ref: '#/components/schemas/Coat' });
    expect(document.paths['/api/v1/news'].get.responses[200].content).to.have.keys('text/event-stream');
  });

  it('describes a file with its type, and a text body with its own', () => {
    const exported = download({
      path: '/cars/export',
      operationId: 'exportCars',
      tag: 'Cars',
      summary: 'All cars',
      role: 'viewer',
      file: { mediaType: 'text/csv; header=present', fileName: 'cars.csv', description: 'A line each', example: 'a' },
      handle: async function* () {},
    });
    const imported = endpoint({
      method: 'post',
      path: '/cars/import',
      operationId: 'importCars',
      tag: 'Cars',
      summary: 'More cars',
      role: 'admin',
      access: 'write',
      textBody: { mediaType: 'text/csv', maxBytes: 1000 },
      body: z.string(),
      bodyExamples: { two: 'a\nb' },
      replies: { 204: { description: 'Done' } },
      handle: () => Promise.resolve(),
      reply: () => noContent(),
    });
    const { paths } = documentOf([exported, imported]);
    const { 200: file } = paths['/api/v1/cars/export'].get.responses;
    expect(file.content).to.deep.equal({ 'text/csv; header=present': { schema: { type: 'string' }, example: 'a' } });
    expect(file.headers).to.have.all.keys(...['X-Request-Id', 'RateLimit', 'RateLimit-Policy', 'Content-Disposition']);
    const { requestBody, responses } = paths['/api/v1/cars/import'].post;
    expect(requestBody).to.deep.equal({
      required: true,
      content: { 'text/csv': { schema: { type: 'string' }, examples: { two: { value: 'a\nb' } } } },
    });
    expect(responses[400].description).not.to.contain('malformed-json');
    expect(responses).to.include.all.keys('413', '415');
  });

  it('lists the errors of each status', () => {
    const codesOf = (status: number): unknown =>
      operation.responses[status].content['application/problem+json'].schema.allOf[1].properties.code.enum;
    expect(codesOf(401)).to.have.members(['not-authenticated', 'invalid-token', 'token-expired', 'session-ended']);
    expect(codesOf(403)).to.deep.equal(['role-insufficient']);
    expect(codesOf(404)).to.deep.equal(['vehicle-not-found']);
    expect(codesOf(409)).to.have.members(['vehicle-retired', 'vehicle-offline']);
    expect(codesOf(413)).to.deep.equal(['body-too-large']);
    expect(Object.keys(operation.responses)).to.deep.equal('200 400 401 403 404 409 413 415 429 500 503'.split(' '));
    expect(operation.responses[503].headers).to.have.property('Retry-After');
    expect(document.paths['/api/v1/news'].get.responses).to.have.property('429');
    expect(operation.security).to.deep.equal([{ bearerAuth: [] }]);
  });

  it('refuses two different schemas of one name', () => {
    const other = z.object({ wheels: z.int() }).meta({ id: 'Car' });
    const another = { ...paintCar({ answer: other }), path: '/other/{car_id}' };
    expect(() => documentOf([paintCar(), another])).to.throw('Car');
  });

  it('is served', async () => {
    const served = await serve([news]);
    try {
      const answer = await fetch(`${served.url}/openapi.json`);
      expect(answer.headers.get('content-type')).to.match(/^application\/json/u);
      expect(((await answer.json()) as any).paths).to.include.keys('/api/v1/news', '/health/live', '/health/ready');
    } finally {
      await served.stop();
    }
  });
});

describe('endpoint', () => {
  const declare = (path: string, params: Record<string, z.ZodType>) => () =>
    endpoint({
      method: 'get',
      path,
      operationId: 'showCar',
      tag: 'Cars',
      summary: 'Show',
      role: 'viewer',
      access: 'read',
      params: z.object(params),
      replies: {},
      handle: () => Promise.resolve(),
      reply: () => undefined as never,
    });

  it('is not declared with a path that its schema does not fit', () => {
    expect(declare('/cars/{car_id}', { car_id: z.guid() })).to.not.throw();
    expect(declare('/cars/{car_id}', {})).to.throw('showCar');
    expect(declare('/cars', { car_id: z.guid() })).to.throw('showCar');
    expect(declare('/cars/:car_id', { car_id: z.guid() })).to.throw('showCar');
  });
});
