import envVar from 'env-var';

import { SettingsError, type SettingsComplaint } from './settings-error.js';

/** Where settings come from: the process's environment with `.env` under it, or an object in a test. */
export type Environment = Readonly<Record<string, string | undefined>>;

const extraAccessors = {
  asWholeNumber: (text: string, minimum: number, maximum: number): number => {
    const value = envVar.accessors.asInt(text);
    if (value < minimum || value > maximum) throw new RangeError('is out of range');
    return value;
  },
};

type Variables = ReturnType<typeof envVar.from<Environment, typeof extraAccessors>>;
type Variable = ReturnType<ReturnType<Variables['get']>['required']>;

interface Range {
  readonly fallback: number;
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * Reads variables through env-var and collects what is wrong with them, so that all of it can be said at once.
 * A blank variable counts as absent, because that is what compose files make of one that isn't set. A variable that is
 * wrong reads as its fallback; `finish` then throws.
 */
export class SettingsReader {
  readonly #environment: Environment;
  readonly #variables: Variables;
  readonly #complaints: SettingsComplaint[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
    // No logger: env-var's prints values.
    this.#variables = envVar.from(environment, extraAccessors);
  }

  /** The text as it stands, or undefined. */
  text(name: string): string | undefined {
    return this.#read(name, 'text', undefined, (variable) => variable.asString());
  }

  wholeNumber(name: string, { fallback, minimum, maximum }: Range): number {
    return this.#read(name, `a whole number from ${minimum} to ${maximum}`, fallback, (variable) =>
      variable.asWholeNumber(minimum, maximum),
    );
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
    return this.#read(name, `one of ${choices.join(', ')}`, fallback, (variable) => variable.asEnum(choices));
  }

  flag(name: string, fallback: boolean): boolean {
    return this.#read(name, 'true or false', fallback, (variable) => variable.asBool());
  }

  /** The parts between commas, without the blanks around them; each must pass the check. */
  list(name: string, expectation: string, isValid: (part: string) => boolean): readonly string[] {
    return this.#read(name, expectation, [], (variable) => {
      const parts = variable
        .asArray()
        .map((part) => part.trim())
        .filter((part) => part !== '');
      return parts.every(isValid) ? parts : undefined;
    });
  }

  /** Notes that a variable can't be used; the message goes on from its name ("must be ..."). */
  complain(variable: string, message: string): void {
    this.#complaints.push({ variable, message });
  }

  /** Whether something was wrong with one of these, so that comparing them makes no sense. */
  hasComplaint(...names: readonly string[]): boolean {
    return this.#complaints.some(({ variable }) => names.includes(variable));
  }

  /** Throws a `SettingsError` when there was anything to complain of. */
  finish(): void {
    if (this.#complaints.length > 0) throw new SettingsError(this.#complaints);
  }

  #read<Value, Fallback>(
    name: string,
    expectation: string,
    fallback: Fallback,
    access: (variable: Variable) => Value | undefined,
  ): Value | Fallback {
    if ((this.#environment[name] ?? '').trim() === '') return fallback;
    const value = attempt(() => access(this.#variables.get(name).required()));
    if (value !== undefined) return value;
    this.complain(name, `must be ${expectation}`);
    return fallback;
  }
}

/** What the callback returns, or undefined when it throws: env-var's own words aren't needed, ours say what is expected. */
function attempt<Value>(callback: () => Value): Value | undefined {
  try {
    return callback();
  } catch {
    return undefined;
  }
}
