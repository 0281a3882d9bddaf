// Numbers and times as people read them. What is not there is a dash.

const NONE = '–';
const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumFractionDigits: 0 });
const manyDollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', notation: 'compact', maximumFractionDigits: 1 });
/** From here on dollars are told in thousands: no tile holds six digits. */
const MANY_USD = 100_000;
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** A number that changes: `2,400`, and below ten `7.5`. */
export function rate(number) {
  if (!Number.isFinite(number)) return NONE;
  return Math.abs(number) >= 10 || Number.isInteger(number) ? whole.format(number) : tenth.format(number);
}

/** Dollars: `$12,345`, `$114.8K`. */
export function money(usd) {
  if (!Number.isFinite(usd)) return NONE;
  return (Math.abs(usd) < MANY_USD ? dollars : manyDollars).format(usd);
}

/** A part of a whole from 0 to 1: `12.3 %`. */
export function share(part) {
  if (!Number.isFinite(part)) return NONE;
  const percent = part * 100;
  const text = percent === 0 || percent >= 99.95 || Math.abs(percent) >= 10 && Number.isInteger(Number(percent.toFixed(1)))
    ? whole.format(percent)
    : Math.abs(percent) < 0.1 ? percent.toPrecision(1) : tenth.format(percent);
  return `${text}\u00a0%`;
}

/** A length of time in milliseconds: `340 ms`, `1.2 s`, `2 min 5 s`, `3 h 10 min`. */
export function duration(ms) {
  if (!Number.isFinite(ms)) return NONE;
  if (ms < 0.95) return ms === 0 ? '0\u00a0ms' : `${Math.max(1, Math.round(ms * 1_000))}\u00a0µs`;
  if (ms < 10) return `${tenth.format(ms)}\u00a0ms`;
  if (ms < 999.5) return `${Math.round(ms)}\u00a0ms`;
  if (ms < 9_950) return `${tenth.format(ms / 1_000)}\u00a0s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds}\u00a0s`;
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  if (minutes < 60) return rest ? `${minutes}\u00a0min ${rest}\u00a0s` : `${minutes}\u00a0min`;
  const [hours, left] = [Math.floor(minutes / 60), minutes % 60];
  return left ? `${hours}\u00a0h ${left}\u00a0min` : `${hours}\u00a0h`;
}

/** How long ago a moment is; milliseconds since 1970, or RFC 3339. */
export function ago(moment) {
  const at = millis(moment);
  if (!Number.isFinite(at)) return NONE;
  const ms = Date.now() - at;
  return ms < 1_000 ? 'just now' : `${duration(Math.floor(ms / 1_000) * 1_000)} ago`;
}

/** A moment by the clock on the wall: `20:15:03`. */
export function clock(moment) {
  const at = millis(moment);
  return Number.isFinite(at) ? time.format(new Date(at)) : NONE;
}

/** Seconds as a stopwatch shows them: `4:05`, `1:02:03`. */
export function stopwatch(seconds) {
  if (!Number.isFinite(seconds)) return NONE;
  const all = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(all / 3_600), Math.floor(all / 60) % 60, all % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function millis(moment) {
  return typeof moment === 'string' ? Date.parse(moment) : Number(moment ?? NaN);
}
