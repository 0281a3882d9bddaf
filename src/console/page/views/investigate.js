// Investigate: the recent past of all signals, from the lab's own store. Which part is shown, and with which filters,
// stands in the page's address.

import { clear, fill, h } from '../lib/dom.js';
import { ROOT, read, to } from './investigate/address.js';
import * as graph from './investigate/graph.js';
import * as logs from './investigate/logs.js';
import * as metrics from './investigate/metrics.js';
import * as profiles from './investigate/profiles.js';
import * as trace from './investigate/trace.js';
import * as traces from './investigate/traces.js';

const PARTS = { graph, traces, trace, metrics, logs, profiles };
const TABS = [
  ['graph', 'Service map'],
  ['traces', 'Traces'],
  ['metrics', 'Measurements'],
  ['logs', 'Logs'],
  ['profiles', 'Processor time'],
];

export function mount(root, ctx) {
  const place = h('div', { class: 'inv-part' });
  const tabs = h('nav', { class: 'inv-tabs', 'aria-label': 'Parts of the investigation' });
  fill(root, h('section', { class: 'inv' }, h('h1', { class: 'visually-hidden' }, 'Investigate'), tabs, place));
  let leave = null;
  let shown = null;

  const path = (hash) => hash.split('?', 1)[0];
  const show = () => {
    // Another path is another part: the page mounts it anew.
    if (shown && path(shown) !== path(location.hash)) return;
    if (!location.hash.startsWith(ROOT) || location.hash === shown) return;
    shown = location.hash;
    const { part, id, query } = read(location.hash);
    const name = PARTS[part] ? part : 'graph';
    // What is shown already takes new filters without being built anew.
    if (leave?.filter?.(query)) return;
    leave?.end();
    fill(tabs, ...TABS.map(([tab, title]) => link(tab, title, name === 'trace' ? 'traces' : name)));
    leave = PARTS[name].mount(clear(place), ctx, { id, query });
  };

  show();
  addEventListener('hashchange', show);
  return () => {
    removeEventListener('hashchange', show);
    leave?.end();
  };
}

function link(tab, title, current) {
  return h('a', { href: to(tab), 'aria-current': tab === current ? 'page' : null }, title);
}
