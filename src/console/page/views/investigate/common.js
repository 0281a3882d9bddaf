// What the traces in a list have in common where it hurts: in each, the span to blame is found, and what is said there
// is counted.

import { clear, h } from '../../lib/dom.js';
import { duration, share } from '../../lib/format.js';
import { to } from './address.js';
import { own, rows, telling } from './rows.js';

/** So many are unpacked: each is a question to the lab. */
const MOST = 30;
const AT_ONCE = 4;
/** What differs by nature tells nothing. */
const UNIQUE = /^(db\.query\.text|db\.namespace|url\.|client\.|network\.)|\.id$|_id$/;
/** Below this a thing is not what they have in common. */
const TELLING = 0.25;
const SHOWN = 14;

/** Unpacks `summaries` and tells into `place` what their blamed spans share. */
export async function common(ctx, summaries, place, isOver) {
  const chosen = summaries.slice(0, MOST);
  clear(place).append(h('p', { class: 'inv-facts', text: `Unpacking ${chosen.length} traces …` }));
  const blamed = [];
  for (let from = 0; from < chosen.length; from += AT_ONCE) {
    const some = chosen.slice(from, from + AT_ONCE).map((one) => ctx.api.get(`/api/traces/${one.trace_id}`).catch(() => null));
    for (const tree of await Promise.all(some)) {
      const row = tree && telling(rows(tree));
      if (row) blamed.push(row);
    }
    if (isOver()) return;
  }
  tell(place, blamed);
}

/** `[{name, value, count}]`, what most share first. Pure. */
export function tally(blamed) {
  const counts = new Map();
  for (const { span } of blamed) {
    const said = { service: span.service, span: span.name, version: span.version, ...span.attributes };
    for (const [name, value] of Object.entries(said)) {
      if (value === null || value === undefined || UNIQUE.test(name)) continue;
      const key = JSON.stringify([name, String(value)]);
      counts.set(key, (counts.get(key) || 0) + 1);
    }
  }
  return [...counts]
    .map(([key, count]) => ({ name: JSON.parse(key)[0], value: JSON.parse(key)[1], count }))
    .filter((one) => one.count > 1 && one.count >= TELLING * blamed.length)
    .sort((a, b) => b.count - a.count)
    .slice(0, SHOWN);
}

function tell(place, blamed) {
  if (!blamed.length) return void clear(place).append(h('p', { class: 'inv-facts', text: 'There is nothing to compare.' }));
  const failed = blamed.filter((row) => row.failed).length;
  const mean = blamed.reduce((sum, row) => sum + own(row.span), 0) / blamed.length;
  const row = ({ name, value, count }) =>
    h('tr', {},
      h('th', { scope: 'row', text: name }),
      h('td', {}, filterable(name) ? h('a', { href: to('traces', filter(name, value)) }, value) : value),
      h('td', { class: 'number', text: `${count} of ${blamed.length}` }),
      h('td', { class: 'number', text: share(count / blamed.length) }));
  clear(place).append(
    h('table', {},
      h('caption', { text: `Where it hurts in ${blamed.length} traces: ${failed} at the deepest span that failed, ${blamed.length - failed} at the one that took longest itself, ${duration(mean)} on average` }),
      h('thead', {}, h('tr', {}, ...['What', 'is', 'in', 'share'].map((text) => h('th', { scope: 'col', text })))),
      h('tbody', {}, ...tally(blamed).map(row))));
}

const filterable = (name) => name !== 'span' && name !== 'version';
const filter = (name, value) => (name === 'service' ? { service: value } : { attribute: `${name}=${value}` });
