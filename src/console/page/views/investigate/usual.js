// What is usual for a service or a call: the best quarter of an hour that this page has seen. Pure but for its memory.

/** From here on failures are coloured, if they are more than usual: third parties are never perfect. */
const SOME = 0.01;
const MANY = 0.15;
const MORE = 1.5;
const MUCH_MORE = 2;
/** More than this is never usual for a service of the shop: whoever looks late has seen nothing but the incident. */
const OURS = 0.03;
/** One unlucky customer is no outage. */
const FEW = 3;
/** So many times the usual is slow, unless it is below what anybody would feel. */
const SLOWER = 2;
const FELT_MS = 20;
/** Below this part of the usual calls somebody is missing. */
const QUIET = 0.3;
const QUIET_FROM_PER_SECOND = 0.5;

/** A memory: `learn(graph)` from a long look, `of(key)` what is usual. An incident makes nothing usual. */
export function memory() {
  const known = new Map();
  return {
    learn(graph) {
      const ours = new Set(graph.nodes.filter((node) => node.speaks).map((node) => node.service));
      for (const one of [...graph.nodes, ...graph.edges]) {
        if (!one.requests_per_second) continue;
        const before = known.get(keyOf(one)) ?? one;
        const least = (name) => Math.min(before[name], one[name]);
        const most = ours.has(one.service ?? one.to) ? OURS : 1;
        known.set(keyOf(one), {
          p50_ms: least('p50_ms'), p95_ms: least('p95_ms'), error_ratio: Math.min(least('error_ratio'), most), requests_per_second: one.requests_per_second,
        });
      }
    },
    of: (one) => known.get(keyOf(one)),
  };
}

const keyOf = (one) => one.service ?? `${one.from} ${one.to}`;

/** Of failures: the class, and the sign for who cannot tell the colours. `calls` is how many there were. */
export function level(ratio, calls = Infinity, usual = 0) {
  if (ratio * calls < FEW) return { name: 'ok', sign: '' };
  const before = Math.min(usual, MANY);
  if (ratio >= MANY && ratio > MUCH_MORE * before) return { name: 'many', sign: '✕ ' };
  if (ratio >= SOME && ratio > MORE * before) return { name: 'some', sign: '! ' };
  return { name: 'ok', sign: '' };
}

/** How many times slower than usual; nothing when nobody would feel it. */
export function slower(one, usual) {
  if (!usual || one.p95_ms <= FELT_MS) return null;
  const times = Math.max(one.p95_ms / (usual.p95_ms || Infinity), one.p50_ms / (usual.p50_ms || Infinity));
  return times > SLOWER ? times : null;
}

/** Whether far fewer come than in the last quarter of an hour. */
export function isQuiet(one, usual) {
  const before = usual?.requests_per_second ?? 0;
  return before > QUIET_FROM_PER_SECOND && one.requests_per_second < QUIET * before;
}

/** The part of calls to `service` that fail: as it says itself, or as those say who call it, whichever is worse. */
export function failing(node, edges) {
  const calls = edges.filter((edge) => edge.to === node.service && edge.from !== edge.to);
  const asked = calls.reduce((sum, edge) => sum + edge.requests_per_second, 0);
  const failed = calls.reduce((sum, edge) => sum + edge.requests_per_second * edge.error_ratio, 0);
  return asked > 0 ? Math.max(node.error_ratio, failed / asked) : node.error_ratio;
}
