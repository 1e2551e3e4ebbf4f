/** The OpenAPI document of the service, as whoever checks answers against it reads it. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

/** One operation as it stands in the document. */
export interface OperationObject {
  readonly operationId: string;
  readonly parameters?: readonly ParameterObject[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Content;
  };
  readonly responses: Readonly<Record<string, ResponseObject>>;
  readonly security?: readonly unknown[];
}

/** A parameter in a path, a query or the header. */
export interface ParameterObject {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** One documented answer. */
export interface ResponseObject {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: object }>>;
  readonly content?: Content;
}

/** Bodies by their media types. */
export type Content = Readonly<Record<string, MediaTypeObject>>;

/**
 * A body in one media type. Of an event stream, `x-events` has the schemas of the data, by the event's name; of a file with a
 * JSON value a line, `x-lines` has theirs.
 */
export interface MediaTypeObject {
  readonly schema?: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
  readonly 'x-lines'?: object;
  readonly 'x-events'?: readonly (Readonly<Record<string, unknown>> & { readonly title: string })[];
}

/** An operation with the place where it is. */
export interface Operation extends OperationObject {
  /** In upper case. */
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
}

/** All operations of a document. */
export function operationsOf({ paths }: ApiDocument): readonly Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
  );
}

/** Finds the operation of a request by its method and its path; literal segments win over parameters. */
export function operationFinder(
  operations: readonly Operation[],
): (method: string, path: string) => Operation | undefined {
  const candidates = operations
    .toSorted((one, other) => literalsIn(other.path) - literalsIn(one.path))
    .map((operation) => ({ operation, pattern: patternOf(operation.path) }));
  return (method, path) => {
    const wanted = method === 'HEAD' ? 'GET' : method;
    return candidates.find(({ operation, pattern }) => operation.method === wanted && pattern.test(path))?.operation;
  };
}

/** The errors that an operation documents: status and code, or the status alone where its body is no problem. */
export function documentedErrors({
  responses,
}: OperationObject): readonly (readonly [status: number, code: string | undefined])[] {
  return Object.entries(responses)
    .filter(([status]) => Number(status) >= 400)
    .flatMap(([status, { content }]) => {
      const schema = content?.['application/problem+json']?.schema;
      const codes = schema === undefined ? [undefined] : codesIn(schema);
      return codes.map((code) => [Number(status), code] as const);
    });
}

/** The statuses with which an operation succeeds. */
export function documentedSuccesses({ responses }: OperationObject): readonly number[] {
  return Object.keys(responses)
    .map(Number)
    .filter((status) => status < 400);
}

function codesIn(schema: object): readonly string[] {
  const parts: unknown = Reflect.get(schema, 'allOf');
  if (!Array.isArray(parts)) return [];
  return parts.flatMap((part: { properties?: { code?: { enum?: string[] } } }) => part.properties?.code?.enum ?? []);
}

function literalsIn(path: string): number {
  return path.split('/').filter((segment) => !segment.startsWith('{')).length;
}

function patternOf(path: string): RegExp {
  const literal = path.replaceAll(/[.*+?^$()|[\]\\]/gu, String.raw`\$&`);
  // The API is strict about a slash at the end, what stands outside of it is not.
  const end = path.startsWith('/api/') || path.endsWith('/') ? '' : '/?';
  return new RegExp(`^${literal.replaceAll(/\{\w+\}/gu, '[^/]+')}${end}$`, 'u');
}
