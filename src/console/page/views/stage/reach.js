// How long it took from the toggle to the first request that was affected, as it was measured.

import { h } from '../../lib/dom.js';
import { effectOf, isUnderneath } from '../../lib/faultwords.js';
import { duration } from '../../lib/format.js';
import { live } from '../../lib/live.js';

/** Faults that were set within so many milliseconds of one another came by one toggle. */
const TOGETHER_MS = 100;

/** Milliseconds from the newest toggle to the first request it affected; null while it has affected none. */
export function reached(faults) {
  // A service that is down counts nobody: "not yet" would be said beside an outage for as long as it lasts.
  const counted = faults.filter((fault) => !isUnderneath(fault) && effectOf(fault)[0] !== 'down');
  const set = counted.map((fault) => ({ fault, at: Date.parse(fault.since) }));
  if (!set.length) return undefined;
  const newest = Math.max(...set.map(({ at }) => at));
  const hits = set.filter(({ at }) => newest - at <= TOGETHER_MS).map(({ fault, at }) => (fault.count?.first_hit_ms ?? Infinity) - at);
  const first = Math.min(...hits);
  return Number.isFinite(first) ? Math.max(0, first) : null;
}

export function reach() {
  const value = h('strong', { id: 'reach' });
  const node = h('p', { class: 'reach' }, h('span', { class: 'dim' }, 'Toggle → first affected request '), value);
  const show = (now) => {
    const ms = reached(now?.faults ?? []);
    node.hidden = ms === undefined;
    value.textContent = ms === null ? 'not yet' : duration(ms);
  };
  show(live.last('faults'));
  return { node, off: live.on('faults', show) };
}
