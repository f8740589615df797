/** The text of a time in UTC microseconds: RFC 3339 with as many digits as it takes. */
export function formatTime(us: number): string {
  const seconds = Math.floor(us / 1_000_000);
  const rest = us - seconds * 1_000_000;
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${text}${rest === 0 ? '' : `.${String(rest).padStart(6, '0').replace(/0+$/, '')}`}Z`;
}
