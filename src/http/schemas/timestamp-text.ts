const dayMillis = 86_400_000;
const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
const minutesOfDay = Array.from({ length: 1440 }, (_, minute) => {
  return `${twoDigits[Math.floor(minute / 60)] ?? ''}:${twoDigits[minute % 60] ?? ''}:`;
});
const endings = Array.from({ length: 1000 }, (_, millis) => `.${String(millis).padStart(3, '0')}Z`);

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
  // Fewer pieces make a shorter way: each that is added is a text of its own.
  const clock = `${minutesOfDay[minutes] ?? ''}${twoDigits[seconds % 60] ?? ''}${endings[ofDay % 1000] ?? ''}`;
  return dayText + clock;
}

/** As `timestampText`; null where there is no time. */
export function optionalTimestampText(at: Date | undefined): string | null {
  return at === undefined ? null : timestampText(at);
}
