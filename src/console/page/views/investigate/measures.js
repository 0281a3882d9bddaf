// Series as the API tells them, made into lines for a chart: a counter becomes its rate, a histogram its mean, anything
// else is itself. Pure.

export const STEP_SECONDS = 5;
/** As many lines as have colours of their own. */
export const MOST_LINES = 7;

/** `{xs, lines: [{label, ys}], left, exemplars}` of `series`, put together by the label `by`. */
export function lines(series, by, until = newest(series)) {
  const from = Math.min(...series.flatMap((one) => one.points.slice(0, 1).map((point) => point[0])));
  if (!Number.isFinite(from) || !Number.isFinite(until)) return { xs: [], lines: [], left: 0, exemplars: [] };
  const first = Math.ceil(from / STEP_SECONDS) * STEP_SECONDS;
  const xs = [];
  for (let x = first; x <= until; x += STEP_SECONDS) xs.push(x);
  const groups = new Map();
  for (const one of series) {
    const name = label(one, by);
    groups.set(name, [...(groups.get(name) || []), one]);
  }
  const all = [...groups].map(([name, members]) => ({ label: name, ys: line(members, xs) }));
  all.sort((a, b) => weight(b.ys) - weight(a.ys) || a.label.localeCompare(b.label));
  return { xs, lines: all.slice(0, MOST_LINES), left: Math.max(0, all.length - MOST_LINES), exemplars: exemplars(series, by) };
}

/** Everything by which `series` can be told apart. */
export function labels(series) {
  const names = new Set(series.flatMap((one) => Object.keys(one.labels)));
  return ['service', ...[...names].sort()];
}

/** What the numbers of a metric's lines are. */
export function reading(kind, unit) {
  if (kind === 'histogram') return { what: 'mean', unit };
  if (kind === 'counter') return { what: 'a second', unit: unit.replace(/[{}]/g, '') + '/s' };
  return { what: 'value', unit: unit.replace(/[{}]/g, '') };
}

/** The largest exemplar of the step around a moment, or the one nearest to it; of the line `name` when it has one. */
export function nearest(all, at, name) {
  const own = all.filter((one) => one.label === name);
  const among = own.length ? own : all;
  const near = among.filter((one) => Math.abs(one.at - at) <= STEP_SECONDS);
  if (near.length) return near.reduce((best, one) => (one.value > best.value ? one : best));
  return among.reduce((best, one) => (!best || Math.abs(one.at - at) < Math.abs(best.at - at) ? one : best), null);
}

export function label(one, by) {
  if (by === 'service') return one.service;
  return one.labels[by] ?? '(none)';
}

function line(members, xs) {
  const kind = members[0].kind;
  if (kind === 'histogram') {
    const counts = deltas(members, xs, 1);
    const sums = deltas(members, xs, 2);
    return xs.map((_, index) => (counts[index] > 0.001 ? sums[index] / counts[index] : null));
  }
  if (kind === 'counter') return deltas(members, xs, 1).map((delta) => (delta === null ? null : delta / STEP_SECONDS));
  return xs.map((x) => total(members, (one) => at(one.points, x, 1, false)));
}

/** By how much members grew together until each moment since the one before. */
function deltas(members, xs, column) {
  return xs.map((x, index) => {
    if (index === 0) return null;
    return total(members, (one) => {
      const before = at(one.points, xs[index - 1], column, true);
      const now = at(one.points, x, column, true);
      // Who counts from nought again has begun anew.
      return before === null || now === null ? null : Math.max(0, now - before);
    });
  });
}

function total(members, value) {
  let sum = null;
  for (const one of members) {
    const part = value(one);
    if (part !== null) sum = (sum ?? 0) + part;
  }
  return sum;
}

/** The value of sorted `points` at `x`: between two points on a straight line when it `grows`, otherwise the earlier. */
function at(points, x, column, grows) {
  if (!points.length || x < points[0][0]) return null;
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (points[middle][0] <= x) low = middle;
    else high = middle - 1;
  }
  const next = points[low + 1];
  if (!grows || !next) return points[low][column];
  const share = (x - points[low][0]) / (next[0] - points[low][0]);
  return points[low][column] + (next[column] - points[low][column]) * share;
}

function exemplars(series, by) {
  return series.flatMap((one) =>
    one.exemplars.map((spot) => ({ ...spot, at: Date.parse(spot.at) / 1000, label: label(one, by) })),
  );
}

const newest = (series) => Math.max(...series.flatMap((one) => one.points.slice(-1).map((point) => point[0])));

/** How much a line has to tell: its newest height first. */
function weight(ys) {
  const recent = ys.slice(-6).filter((y) => y !== null);
  return recent.length ? recent.reduce((sum, y) => sum + y, 0) / recent.length : -1;
}
