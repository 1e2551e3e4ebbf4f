import { asCommandType, type CommandType } from '../domain/command-type.js';
import { clearFaults } from './clear-faults.js';
import { discover } from './discover.js';
import { executeOperation } from './execute-operation.js';
import { readData } from './read-data.js';
import { readFaults } from './read-faults.js';
import { sovdRequest } from './sovd-request.js';
import { writeData } from './write-data.js';

/** All that can be ordered. */
export interface Catalogue {
  readonly find: (name: string) => CommandType | undefined;
  readonly all: () => readonly CommandType[];
}

/** Every command type. A new one is a file of its own, and a line here. */
export const commandTypes: readonly CommandType[] = [
  asCommandType(discover),
  asCommandType(readFaults),
  asCommandType(clearFaults),
  asCommandType(readData),
  asCommandType(writeData),
  asCommandType(executeOperation),
  asCommandType(sovdRequest),
];

/** A catalogue of command types. Throws on a name that comes twice, and on an example that its own schema refuses. */
export function createCatalogue(types: readonly CommandType[] = commandTypes): Catalogue {
  const byName = new Map<string, CommandType>();
  for (const type of types) {
    if (byName.has(type.name)) throw new Error(`two command types have the same name: ${type.name}`);
    byName.set(type.name, type);
    if (!type.parameters.safeParse(type.example).success) throw new Error(`the example of ${type.name} is not valid`);
  }
  return { find: (name) => byName.get(name), all: () => types };
}
