const dayMillis = 86_400_000;
const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
const threeDigits = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));

/** The day that was shown last: the times of a page are mostly of few days. */
let knownDay = Number.NaN;
let dayText = '';

/** A time as `2026-01-31T12:00:00.000Z` (RFC 3339). A page of a list has hundreds, which is what most of showing it takes. */
export function timestampText(at: Date): string {
  const time = at.getTime();
  const day = Math.floor(time / dayMillis);
  if (day !== knownDay) {
    dayText = at.toISOString().slice(0, -'00:00:00.000Z'.length);
    knownDay = day;
  }
  const ofDay = time - day * dayMillis;
  const seconds = Math.floor(ofDay / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const clock = `${twoDigits[hours] ?? ''}:${twoDigits[minutes % 60] ?? ''}:${twoDigits[seconds % 60] ?? ''}`;
  return `${dayText}${clock}.${threeDigits[ofDay % 1000] ?? ''}Z`;
}

/** As `timestampText`; null where there is no time. */
export function optionalTimestampText(at: Date | undefined): string | null {
  return at === undefined ? null : timestampText(at);
}
