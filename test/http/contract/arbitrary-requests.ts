import fc from 'fast-check';

import type { Operation, ParameterObject } from '#support/contract/api-document.js';

import type { GoodRequest } from './good-request.js';
import { mediaOf } from './good-request.js';
import { anyJson, anyText, nearly } from './hostile-values.js';
import type { valuesOf } from './arbitrary-values.js';

/** A request as it was thought up. `value` is what its JSON body says, where it has one that can be read. */
export interface ThoughtUpRequest extends GoodRequest {
  readonly value?: { readonly json: unknown };
  /** Whether it has query parameters that the operation doesn't know. */
  readonly isUnknownAsked: boolean;
}

interface Sources {
  readonly valueOf: ReturnType<typeof valuesOf>;
  /** Requests of the operation's examples, about things that are really there. */
  readonly examples: readonly GoodRequest[];
  readonly authorizations: fc.Arbitrary<string | undefined>;
}

/** Requests to an operation: valid ones, nearly valid ones, and such as nobody sends who means well. */
export function requestsTo(operation: Operation, sources: Sources): fc.Arbitrary<ThoughtUpRequest> {
  const { parameters = [], method } = operation;
  const parts = {
    path: pathsTo(operation, sources),
    query: queriesOf(placed(parameters, 'query'), sources),
    headers: headersOf(placed(parameters, 'header'), sources),
    authorization: sources.authorizations,
    body: bodiesOf(operation, sources),
  };
  return fc.record(parts).map(({ path, query, headers, authorization, body: { mediaType, text, ...told } }) => ({
    method,
    target: path + (query.length === 0 ? '' : `?${query.map(([name, value]) => `${name}=${value}`).join('&')}`),
    headers: {
      ...headers,
      ...(mediaType === undefined ? {} : { 'content-type': mediaType }),
      ...(authorization === undefined ? {} : { authorization }),
    },
    body: text,
    isUnknownAsked: query.some(([name]) => !placed(parameters, 'query').some((known) => known.name === name)),
    ...told,
  }));
}

function placed(parameters: readonly ParameterObject[], place: ParameterObject['in']): readonly ParameterObject[] {
  return parameters.filter((parameter) => parameter.in === place);
}

function pathsTo({ path, parameters = [] }: Operation, { valueOf }: Sources): fc.Arbitrary<string> {
  const filled = Object.fromEntries(
    placed(parameters, 'path').map(({ name, schema }) => [name, rarely(anyText(), valueOf(schema, name))]),
  );
  return fc
    .record(filled)
    .map((values) => path.replaceAll(/\{(\w+)\}/gu, (_match, name: string) => encoded(values[name])));
}

function queriesOf(known: readonly ParameterObject[], { valueOf }: Sources) {
  const good = known.map(({ name, schema }) =>
    fc.tuple(fc.constant(name), rarely(anyText(), valueOf(schema, name)).map(encoded)),
  );
  const names = fc.oneof(anyText(), fc.constantFrom('limit', 'limit[]', 'a[b]', '__proto__', 'Limit'));
  const odd = fc.tuple(names.map(encoded), fc.oneof(anyText().map(encoded), fc.constantFrom('%', '%ff', '%00')));
  const some = good.length === 0 ? fc.constant<[string, string][]>([]) : fc.array(fc.oneof(...good), { maxLength: 3 });
  return fc
    .tuple(some, rarely(fc.array(odd, { maxLength: 2 }), fc.constant<[string, string][]>([])))
    .map(([one, other]) => [...one, ...other]);
}

function headersOf(known: readonly ParameterObject[], { valueOf }: Sources): fc.Arbitrary<Record<string, string>> {
  const fields = known.map(({ name, schema }) =>
    fc.tuple(fc.constant(name), rarely(anyText(), valueOf(schema, name)).map(sendable)),
  );
  if (fields.length === 0) return fc.constant({});
  return fc.array(fc.oneof(...fields), { maxLength: fields.length }).map((entries) => Object.fromEntries(entries));
}

interface Body {
  readonly mediaType?: string;
  readonly text: string | undefined;
  readonly value?: { readonly json: unknown };
}

function bodiesOf({ requestBody }: Operation, { valueOf, examples }: Sources): fc.Arbitrary<Body> {
  const nothing = fc.constant<Body>({ text: undefined });
  if (requestBody === undefined)
    return rarely(
      anyText().map((text): Body => ({ mediaType: 'application/json', text })),
      nothing,
    );
  const { mediaType, media } = mediaOf(requestBody.content);
  const garbage = fc
    .tuple(fc.constantFrom(mediaType, 'application/json', 'text/plain', 'application/x-tar', ''), anyText())
    .map(([type, text]) => ({ mediaType: type, text }));
  const texts = examples.flatMap(({ body }) => (body === undefined ? [] : [body]));
  if (mediaType !== 'application/json') {
    const files = fc.constantFrom(...texts).map((text) => ({ mediaType, text }));
    const cut = fc.tuple(files, fc.nat(), anyText()).map(([file, place, inset]) => {
      const at = place % (file.text.length + 1);
      return { mediaType, text: file.text.slice(0, at) + inset + file.text.slice(at) };
    });
    return fc.oneof(files, cut, garbage, nothing);
  }
  const bySchema = valueOf(media.schema ?? {});
  const byExample = fc.constantFrom(...texts).map((text) => JSON.parse(text) as unknown);
  const values = fc.oneof(
    { weight: 4, arbitrary: bySchema },
    { weight: 2, arbitrary: byExample },
    { weight: 4, arbitrary: nearly(fc.oneof(bySchema, byExample)) },
    { weight: 1, arbitrary: anyJson() },
  );
  const json = values.map((value) => ({ mediaType, text: JSON.stringify(value), value: { json: value } }));
  return fc.oneof({ weight: 12, arbitrary: json }, garbage, nothing);
}

function rarely<Rare, Usual>(rare: fc.Arbitrary<Rare>, usual: fc.Arbitrary<Usual>): fc.Arbitrary<Rare | Usual> {
  return fc.oneof<fc.MaybeWeightedArbitrary<Rare | Usual>[]>(
    { weight: 1, arbitrary: rare },
    { weight: 5, arbitrary: usual },
  );
}

/** As a part of a target; what is no Unicode can't be sent in one. */
function encoded(value: unknown): string {
  return encodeURIComponent(String(value).toWellFormed());
}

/** What may stand in a header field. */
function sendable(value: unknown): string {
  return String(value).replaceAll(/[^\t\x20-\x7e\x80-\xff]/gu, '');
}
