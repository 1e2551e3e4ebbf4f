/** A row of `vehicles`, as far as it is shown. */
export interface VehicleRow {
  readonly vehicle_id: string;
  readonly vin: string;
  readonly created_at: Date;
  readonly retired_at: Date | null;
}

/** A row of `commands`, as far as it is shown. */
export interface CommandRow {
  readonly command_id: string;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly submitted_at: Date;
}

const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const values = new Map<string, number>();
for (const [letters, first] of [
  ['0123456789', 0],
  ['ABCDEFGH', 1],
  ['JKLMN.P.R', 1],
  ['STUVWXYZ', 2],
] as const) {
  for (let index = 0; index < letters.length; index += 1) values.set(letters.charAt(index), first + index);
}

/** A vehicle as the API shows it. */
export function shownVehicle(row: VehicleRow): object {
  return { ...row, vin_check_digit_valid: hasCheckDigit(row.vin) };
}

/** A command as the API shows it. */
export function shownCommand({ error_code: code, error_message: message, ...row }: CommandRow): object {
  return { ...row, error: code === null ? null : { code, message: message ?? '' } };
}

/** A page out of one row more than it may hold. */
export function shownPage<Row>(
  rows: readonly Row[],
  limit: number,
  show: (row: Row) => object,
  position: (row: Row) => string,
): object {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const cursor = rows.length > limit && last !== undefined ? Buffer.from(position(last)).toString('base64url') : null;
  return { items: items.map(show), next_cursor: cursor };
}

/** Where a list of vehicles goes on behind one of them. */
export const vehiclePosition = (row: VehicleRow): string => `${row.created_at.getTime()} ${row.vehicle_id}`;

/** Where a list of commands goes on behind one of them. */
export const commandPosition = (row: CommandRow): string => `${row.submitted_at.getTime()} ${row.command_id}`;

function hasCheckDigit(vin: string): boolean {
  let sum = 0;
  for (let index = 0; index < 17; index += 1) sum += (values.get(vin.charAt(index)) ?? 0) * (weights[index] ?? 0);
  const digit = sum % 11;
  return vin.charAt(8) === (digit === 10 ? 'X' : String(digit));
}
