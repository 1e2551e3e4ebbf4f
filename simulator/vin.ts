const letterValues: Readonly<Record<string, number>> = {
  ...{ A: 1, B: 2, C: 3, D: 4, E: 5, F: 6, G: 7, H: 8 },
  ...{ J: 1, K: 2, L: 3, M: 4, N: 5, P: 7, R: 9 },
  ...{ S: 2, T: 3, U: 4, V: 5, W: 6, X: 7, Y: 8, Z: 9 },
};
const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2] as const;
const yearLetters = 'ABCDEFGHJKLMNPRSTVWXY123456789';

/**
 * A vehicle identification number (ISO 3779) with its check digit (49 CFR 565.15): 8 characters of maker and
 * model, the check digit, the model year, the plant, and a serial number of 6 digits.
 */
export function makeVin(start: string, modelYear: number, plant: string, serial: number): string {
  const year = yearLetters[(modelYear - 2010) % yearLetters.length] ?? '';
  const tail = `${year}${plant}${serial.toString().padStart(6, '0')}`;
  return `${start}${checkDigit(`${start}0${tail}`)}${tail}`;
}

/** The check digit that belongs at the ninth place of a VIN: `0` to `9` or `X`. */
export function checkDigit(vin: string): string {
  const sum = weights.reduce<number>((total, weight, place) => total + weight * valueOf(vin[place] ?? '0'), 0);
  const remainder = sum % 11;
  return remainder === 10 ? 'X' : remainder.toString();
}

function valueOf(character: string): number {
  return letterValues[character] ?? Number(character);
}
