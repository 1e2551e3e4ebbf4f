import { setImmediate as nextTurn } from 'node:timers/promises';
import { finished } from 'node:stream/promises';
import { Readable } from 'node:stream';

import { CsvError, parse } from 'csv-parse';

import type { InputComplaint } from '#application/domain/errors.js';
import { inputComplaints } from '#application/domain/input-complaints.js';
import type { VehicleDescription } from '#application/domain/vehicle.js';
import type { ImportedFile, ImportedLine } from '#application/vehicles/import-vehicles.js';

import { inPlainWords } from './plain-messages.js';
import { complainOfUnstorable } from './read-input.js';
import { absentFields, columnNames, importedField, rearmed, requiredColumns } from './schemas/vehicle-csv.js';

/** How many vehicles a file may have. */
export const maxImportedVehicles = 10_000;

/** How much of the text is read before others get their turn, in bytes. */
const pieceLength = 16_384;

/**
 * Reads a CSV file of vehicles (RFC 4180; line ends of any sort, with or without a byte order mark), and complains by line
 * and column: `/lines/17/vin`. Others get their turn in between, however long the file is.
 */
export async function readVehicleCsv(text: string): Promise<ImportedFile> {
  const reader = new FileReader();
  const state = { goesOn: true };
  const parser = parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: '\n',
    // As soon as it is there: what stands before an error of syntax is looked at too.
    on_record: (record: readonly string[], { lines }) => {
      if (state.goesOn) state.goesOn = reader.take(record, firstLineOf(record, lines));
      return null;
    },
  });
  async function* pieces(): AsyncGenerator<Buffer> {
    // Fields have no line ends but in the blanks of JSON, where it doesn't matter of which sort they are.
    const lines = Buffer.from(text.replaceAll(/\r\n?/gu, '\n'));
    for (let start = 0; start < lines.length && state.goesOn; start += pieceLength) {
      yield lines.subarray(start, start + pieceLength);
      await nextTurn();
    }
  }
  try {
    await finished(Readable.from(pieces()).pipe(parser).resume());
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (state.goesOn) {
      const line = Number(error['lines'] ?? 1);
      reader.complain(`/lines/${line}`, 'is not CSV (RFC 4180) from here on: look at the quotation marks');
    }
  }
  return reader.end();
}

/** The parser tells where a line of vehicles ends. */
function firstLineOf(record: readonly string[], lastLine: number): number {
  return record.reduce((line, field) => line - (field.split('\n').length - 1), lastLine);
}

class FileReader {
  readonly #lines: ImportedLine[] = [];
  readonly #complaints: InputComplaint[] = [];
  #header: readonly string[] | undefined;

  complain(pointer: string, message: string): void {
    this.#complaints.push({ pointer, message });
  }

  /** Gives whether it makes sense to go on. */
  take(record: readonly string[], line: number): boolean {
    if (this.#header === undefined) {
      this.#header = record;
      this.#checkHeader(record, line);
      return this.#complaints.length === 0;
    }
    if (this.#lines.length === maxImportedVehicles) {
      this.complain(`/lines/${line}`, `is one too many: a file may have ${maxImportedVehicles} vehicles`);
      return false;
    }
    if (record.length !== this.#header.length) {
      this.complain(
        `/lines/${line}`,
        `must have ${this.#header.length} fields, as the header has; it has ${record.length}`,
      );
      return true;
    }
    this.#lines.push({ number: line, fields: this.#readFields(this.#header, record, line) });
    return true;
  }

  end(): ImportedFile {
    if (this.#header === undefined) this.complain('/lines/1', `must be a header with ${requiredColumns.join(', ')}`);
    else if (this.#complaints.length === 0 && this.#lines.length === 0) {
      this.complain('/lines/2', 'must be a vehicle: the file has none');
    }
    return { lines: this.#lines, complaints: this.#complaints };
  }

  #checkHeader(header: readonly string[], line: number): void {
    const pointer = `/lines/${line}`;
    if (header.length === 1 && header[0]?.includes(';') === true) {
      this.complain(pointer, 'must have commas between its fields');
      return;
    }
    for (const [index, name] of header.entries()) {
      const place = `${pointer}/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (!columnNames.includes(name)) this.complain(place, `is not a column; use ${columnNames.join(', ')}`);
      else if (header.indexOf(name) !== index) this.complain(place, 'must stand there once');
    }
    for (const name of requiredColumns) {
      if (!header.includes(name)) this.complain(`${pointer}/${name}`, 'is a column that must be there');
    }
  }

  #readFields(header: readonly string[], record: readonly string[], line: number): Partial<VehicleDescription> {
    const fields: Record<string, unknown> = { ...absentFields };
    for (const [index, name] of header.entries()) {
      const text = rearmed(record[index] ?? '');
      const pointer = `/lines/${line}/${name}`;
      const imported = importedField(name);
      if (imported === undefined) {
        if (name === 'retired_at' && text !== '') this.complain(pointer, 'must be empty: this vehicle is retired');
        continue;
      }
      const read = imported.schema.safeParse(text, inPlainWords);
      const complaints = read.success ? complainOfUnstorable(read.data, pointer) : inputComplaints(read.error, pointer);
      this.#complaints.push(...complaints);
      if (read.success && complaints.length === 0) fields[imported.field] = read.data;
      else Reflect.deleteProperty(fields, imported.field);
    }
    return fields;
  }
}
