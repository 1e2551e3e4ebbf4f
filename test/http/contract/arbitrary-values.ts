import fc from 'fast-check';

import type { ApiDocument } from '#support/contract/api-document.js';

/** JSON Schema as the document writes it; of its words those that say what a value may be. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly unknown[];
}

/** Values of things that are really there, by the names of the fields and parameters that may hold them. */
export type RealValues = Readonly<Record<string, readonly string[]>>;

/** Longer texts are made of it, no others: what is long costs time, and tells nothing that the longest allowed doesn't. */
const usualLength = 20;

/** Makes arbitraries out of the schemas of a document. `realValues` stand in most of the places that bear their names. */
export function valuesOf({ components }: ApiDocument, realValues: RealValues) {
  return arbitraryOf;

  /** Values that the schema allows, or nearly so: of a pattern that can't be turned round only the length is kept. */
  function arbitraryOf(given: object, name?: string): fc.Arbitrary<unknown> {
    const schema = given as Schema;
    const real = realValues[name ?? ''];
    const any = bySchema(schema);
    if (real !== undefined) return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...real) }, any);
    const { examples = [] } = schema;
    return examples.length === 0 ? any : fc.oneof(fc.constantFrom(...examples), { weight: 4, arbitrary: any });
  }

  function bySchema(schema: Schema): fc.Arbitrary<unknown> {
    if (schema.$ref !== undefined) {
      return arbitraryOf(components.schemas[schema.$ref.replace('#/components/schemas/', '')] ?? {});
    }
    if (schema.const !== undefined) return fc.constant(schema.const);
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices !== undefined) return fc.oneof(...choices.map((choice) => arbitraryOf(choice)));
    const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
    return types.length === 0 ? fc.jsonValue() : fc.oneof(...types.map((type) => byType(type, schema)));
  }

  function byType(type: string, schema: Schema): fc.Arbitrary<unknown> {
    const { minimum = -2_000_000_000, maximum = 2_000_000_000, items = {}, minItems = 0, maxItems = 5 } = schema;
    switch (type) {
      case 'null':
        return fc.constant(null);
      case 'boolean':
        return fc.boolean();
      case 'integer':
        return fc.integer({ min: Math.max(minimum, -(2 ** 31)), max: Math.min(maximum, 2 ** 31 - 1) });
      case 'number':
        return fc.double({ min: minimum, max: maximum, noNaN: true });
      case 'string':
        return texts(schema);
      case 'array':
        return fc.array(arbitraryOf(items), { minLength: minItems, maxLength: Math.min(maxItems, minItems + 5) });
      case 'object':
        return objects(schema);
      default:
        throw new Error(`test/http/contract/arbitrary-values.ts: the type ${type} is not known`);
    }
  }

  function objects({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
    const members = Object.fromEntries(
      Object.entries(properties).map(([name, member]) => [name, arbitraryOf(member, name)]),
    );
    const named = fc.record(members, { requiredKeys: required.filter((name) => name in members) });
    if (additionalProperties === false || additionalProperties === undefined) return named;
    const others = additionalProperties === true ? fc.jsonValue({ maxDepth: 2 }) : arbitraryOf(additionalProperties);
    const free = fc.dictionary(fc.string({ maxLength: 10 }), others, { maxKeys: 4 });
    return fc.tuple(free, named).map(([more, known]) => ({ ...more, ...known }));
  }
}

function texts({ format, pattern, minLength = 0, maxLength = 200, allOf = [] }: Schema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time') return timestamps();
  const isAllowed = (text: string): boolean =>
    text.length >= minLength &&
    text.length <= maxLength &&
    allOf.every((part) => part.pattern === undefined || new RegExp(part.pattern, 'u').test(text));
  if (pattern !== undefined) return fc.stringMatching(generable(pattern)).filter(isAllowed);
  const usualMaximum = Math.max(minLength, Math.min(maxLength, usualLength));
  const usual = fc.string({ unit: 'grapheme', minLength, maxLength: usualMaximum });
  return fc.oneof({ weight: 9, arbitrary: usual }, fc.constant('x'.repeat(maxLength))).filter(isAllowed);
}

/** The same pattern in words out of which fast-check can make texts. */
function generable(pattern: string): RegExp {
  const plain = pattern
    .replaceAll(String.raw`(?![\s\S])`, '$')
    .replaceAll(String.raw`\p{Cc}`, String.raw`\x00-\x1f\x7f-\x9f`)
    .replaceAll(String.raw`\p{Zl}\p{Zp}`, String.raw`\u2028\u2029`);
  return new RegExp(plain, 'u');
}

function timestamps(): fc.Arbitrary<string> {
  return fc
    .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
    .map((date) => date.toISOString());
}
