/** How many texts get a name. Each costs the server some memory on every connection, so what comes later is sent without. */
const maxNames = 400;

const names = new Map<string, string>();

/**
 * The name under which a statement is prepared: the same for the same text in the whole process. Undefined when there are
 * too many texts already, and the statement is better sent as it is.
 */
export function nameOfStatement(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= maxNames) return known;
  const name = `unit_${names.size + 1}`;
  names.set(text, name);
  return name;
}
