// A trace's tree as the rows of a waterfall. Pure: what the API tells of a trace in, rows and marks out.

/** Every span in the order it is drawn, with how deep it lies and where its bar is, from 0 to 1. */
export function rows(tree) {
  const whole = Math.max(tree.duration_ms, 0.001);
  const out = [];
  const walk = (span, depth) => {
    const from = clamp(span.offset_ms / whole);
    out.push({
      span,
      depth,
      from,
      width: Math.min(clamp(span.duration_ms / whole), 1 - from),
      failed: span.status === 'error',
      blamed: isToBlame(span) && !failsBelow(span),
    });
    for (const child of span.children) walk(child, depth + 1);
  };
  tree.roots.forEach((root) => walk(root, 0));
  return out;
}

/** The span one should look at first: the deepest that failed, and if none did, the one that took longest by itself. */
export function telling(all) {
  const blamed = all.filter((row) => row.blamed);
  if (blamed.length) return blamed.reduce((best, row) => (row.depth > best.depth ? row : best));
  return all.reduce((best, row) => (!best || own(row.span) > own(best.span) ? row : best), null);
}

/** Time a span spent itself, and not in those it called. */
export function own(span) {
  const parts = span.children
    .map((child) => [child.offset_ms, child.offset_ms + child.duration_ms])
    .sort((a, b) => a[0] - b[0]);
  let covered = 0;
  let until = span.offset_ms;
  for (const [from, to] of parts) {
    covered += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return Math.max(0, span.duration_ms - covered);
}

/** Five even marks of time, the first at nought. */
export function marks(durationMs) {
  return [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, ms: durationMs * at }));
}

/** The row itself, and those it lies within, from the inside out. */
export function above(all, row) {
  const found = [];
  let depth = row.depth + 1;
  for (let index = all.indexOf(row); index >= 0 && depth > 0; index--) {
    if (all[index].depth >= depth) continue;
    depth = all[index].depth;
    found.push(all[index]);
  }
  return found;
}

/** The route a span's processor time is kept under, and by which service; nothing when it has none. */
export function profiled(all, row) {
  for (const { span } of above(all, row)) {
    const route = span.attributes['http.route'];
    if (span.kind === 'server' && route && span.service === row.span.service) {
      return { service: span.service, route: `${span.attributes['http.request.method'] || ''} ${route}`.trim() };
    }
  }
  return null;
}

const clamp = (share) => Math.min(1, Math.max(0, share));

function failsBelow(span) {
  return span.children.some((child) => isToBlame(child) || failsBelow(child));
}

/** What its caller gave up is no failure of its own: that is said further up. */
function isToBlame(span) {
  return span.status === 'error' && span.attributes['error.type'] !== 'cancelled';
}
