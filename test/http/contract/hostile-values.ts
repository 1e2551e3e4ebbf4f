import fc from 'fast-check';

/** Texts that one place or another chokes on. */
const hostileTexts = [
  ...['', ' ', '\0', 'a\0b', '\n', 'a\n', '\u2028', '\u202e', '\ufeff', '\ufffe', '\ud83d', '\udc00', 'e\u0301', 'İ'],
  ...['%', '_', '\\', "'", '"', "' or 1=1 --", '$1', '?', ':x', '{{7*7}}', '<script>alert(1)</script>', '%00', '%zz'],
  ...['.', '..', '/', '//', '../../etc/passwd', '__proto__', 'constructor', 'null', 'NaN', '-1', '1e309', '0x10'],
  ...['99999999999999999999', '2026-02-30T00:00:00Z', '0000-00-00', '+275760-09-13T00:00:00Z', 'x'.repeat(5000)],
];

/** Texts that nobody sends who means well. */
export function anyText(): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom(...hostileTexts), fc.string({ unit: 'binary', maxLength: 30 }));
}

/** Values of any sort. */
export function anyJson(): fc.Arbitrary<unknown> {
  return fc.oneof(
    anyText(),
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      -1,
      1.5,
      1e308,
      2 ** 53 + 2,
      [],
      [[]],
      {},
      { length: -1 },
      Array(500).fill({}),
    ),
    fc.jsonValue({ maxDepth: 3 }),
  );
}

/** The value with one thing about it changed: a member left out, added, or replaced by anything. */
export function nearly(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const change = fc.constantFrom('replace' as const, 'omit' as const, 'add' as const);
  return fc.tuple(values, fc.nat(), change, anyText(), anyJson()).map(([value, place, how, name, other]) => {
    const paths = pathsIn(value);
    const path = paths[place % paths.length] ?? [];
    return changedAt(value, path, (member) => {
      if (how === 'replace' || typeof member !== 'object' || member === null) return other;
      if (Array.isArray(member)) return how === 'add' ? [...(member as unknown[]), other] : member.slice(1);
      if (how === 'add') return Object.fromEntries([...Object.entries(member), [name, other]]);
      return Object.fromEntries(Object.entries(member).filter((_, index, all) => index !== place % all.length));
    });
  });
}

type Path = readonly string[];

/** The paths to a value and everything in it. */
function pathsIn(value: unknown): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [[]];
  const inner = Object.entries(value).flatMap(([name, member]) => pathsIn(member).map((path) => [name, ...path]));
  return [[], ...inner];
}

function changedAt(value: unknown, [name, ...rest]: Path, change: (member: unknown) => unknown): unknown {
  if (name === undefined) return change(value);
  if (typeof value !== 'object' || value === null) return value;
  const changed = changedAt(Reflect.get(value, name), rest, change);
  if (Array.isArray(value)) return value.map((item: unknown, index) => (String(index) === name ? changed : item));
  return Object.fromEntries(Object.entries(value).map(([each, member]) => [each, each === name ? changed : member]));
}
