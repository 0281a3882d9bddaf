// The fault that is being composed: what the form has filled in, without what was left empty. It survives a reload.

const KEY = 'doorbuster.fault';
/** Where a newcomer begins: the fault of the first tour, small enough to read. */
export const FIRST = {
  id: 'my-fault',
  on: { service: 'payment-provider', route: 'POST /charge', country: ['BR'] },
  share: '35%',
  effect: { fail: { status: { 500: 2, 503: 1 } } },
};

export function load() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) || structuredClone(FIRST);
  } catch {
    return structuredClone(FIRST);
  }
}

export function keep(draft) {
  sessionStorage.setItem(KEY, JSON.stringify(draft));
}

/** Without empty texts, lists and tables, however deep; nothing when nothing is left. */
export function pruned(value) {
  if (value === '' || value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.length ? value : undefined;
  if (typeof value !== 'object') return value;
  const kept = Object.entries(value).map(([name, one]) => [name, pruned(one)]).filter(([, one]) => one !== undefined);
  return Object.fromEntries(kept);
}

/** As the API takes it: an `on` that names nothing is left out. */
export function body(draft) {
  const all = pruned(draft) || {};
  if (all.on && !Object.keys(all.on).length) delete all.on;
  return all;
}

/** Of an active fault, what can be composed anew. */
export function of(fault) {
  const { id, on, share, effect } = fault;
  return structuredClone({ id, on, share, effect });
}
