/** 17 characters without I, O and Q (ISO 3779). `$` would let a line end through, hence the look-ahead. */
export const vinPattern = /^[A-HJ-NPR-Z0-9]{17}(?![\s\S])/u;

const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2] as const;

const values: Readonly<Record<string, number>> = {
  A: 1, B: 2, C: 3, D: 4, E: 5, F: 6, G: 7, H: 8,
  J: 1, K: 2, L: 3, M: 4, N: 5, P: 7, R: 9,
  S: 2, T: 3, U: 4, V: 5, W: 6, X: 7, Y: 8, Z: 9,
}; // prettier-ignore

/**
 * Whether the ninth character is the check digit that North America asks for (49 CFR 565.15).
 * Elsewhere it need not be one, so it is a remark, never a reason to refuse a VIN.
 */
export function hasVinCheckDigit(vin: string): boolean {
  let sum = 0;
  for (let index = 0; index < weights.length; index += 1) {
    const character = vin.charAt(index);
    sum += (weights[index] ?? 0) * (values[character] ?? Number(character));
  }
  const remainder = sum % 11;
  return vin.charAt(8) === (remainder === 10 ? 'X' : String(remainder));
}
