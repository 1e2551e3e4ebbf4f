type Schema = Readonly<Record<string, unknown>>;

/** What stands for things that have no example of their own. */
const textsOfFormats: Readonly<Record<string, string>> = {
  uuid: '01890a5d-ac96-774b-bcce-b302099a8057',
  'date-time': '2026-01-31T12:00:00Z',
  date: '2026-01-31',
  email: 'engineer@example.com',
  uri: 'https://car-17.example/sovd/v1',
};

/**
 * A value that a schema allows (JSON Schema 2020-12, as zod writes it), for the OpenAPI document: the first of the schema's
 * own examples, else one put together of the examples of its members. `named` holds the schemas that are referred to.
 */
export function exampleValue(schema: Schema, named: Readonly<Record<string, unknown>>): unknown {
  const { examples, $ref: reference, const: only, enum: values, anyOf, type } = schema;
  if (Array.isArray(examples)) return examples[0];
  if (typeof reference === 'string') return exampleValue(namedSchema(reference, named), named);
  if (only !== undefined) return only;
  if (Array.isArray(values)) return values[0];
  if (Array.isArray(anyOf)) return exampleValue((anyOf as readonly Schema[])[0] ?? {}, named);
  switch (type) {
    case 'object':
      return exampleObject(schema, named);
    case 'array':
      return [exampleValue((schema['items'] ?? {}) as Schema, named)];
    case 'string':
      return textsOfFormats[String(schema['format'])] ?? 'text';
    case 'integer':
    case 'number':
      return Math.max(1, Number(schema['minimum'] ?? 1));
    case 'boolean':
      return true;
    default:
      return null;
  }
}

function exampleObject({ properties }: Schema, named: Readonly<Record<string, unknown>>): object {
  const members = Object.entries((properties ?? {}) as Readonly<Record<string, Schema>>);
  return Object.fromEntries(members.map(([name, member]) => [name, exampleValue(member, named)]));
}

function namedSchema(reference: string, named: Readonly<Record<string, unknown>>): Schema {
  const schema = named[reference.replace('#/components/schemas/', '')];
  if (typeof schema !== 'object' || schema === null) throw new Error(`there is no schema ${reference}`);
  return schema as Schema;
}
