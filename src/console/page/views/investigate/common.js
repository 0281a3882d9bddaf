// What the traces in a list have in common where it hurts: in each, the span to blame is found, and what is said there
// is counted, and told apart from what is said in those that are fine as well.

import { fill, h } from '../../lib/dom.js';
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
/** So much more often than among the fine ones it has to be said. */
const MORE = 0.1;
const SHOWN = 14;

/** Unpacks `summaries` and tells into `place` what their blamed spans share; `fine()` are traces to compare them with. */
export async function common(ctx, summaries, fine, place, isOver) {
  fill(place, h('p', { class: 'inv-facts', text: `Unpacking ${Math.min(MOST, summaries.length)} traces, and as many that are fine …` }));
  const blamed = (await unpacked(ctx, summaries, isOver)).map(telling).filter(Boolean);
  const others = (await unpacked(ctx, await fine(), isOver)).map((all) => new Set(all.flatMap((row) => pairs(row.span))));
  if (!isOver()) tell(place, blamed, others);
}

/** The rows of each trace that can still be had. */
async function unpacked(ctx, summaries, isOver) {
  const found = [];
  const chosen = summaries.slice(0, MOST);
  for (let from = 0; from < chosen.length && !isOver(); from += AT_ONCE) {
    const some = chosen.slice(from, from + AT_ONCE).map((one) => ctx.api.get(`/api/traces/${one.trace_id}`).catch(() => null));
    found.push(...(await Promise.all(some)).filter(Boolean).map(rows));
  }
  return found;
}

/** What a span says, each as one text. */
function pairs(span) {
  const said = { service: span.service, span: span.name, version: span.version, ...span.attributes };
  return Object.entries(said)
    .filter(([name, value]) => value !== null && value !== undefined && !UNIQUE.test(name))
    .map(([name, value]) => JSON.stringify([name, String(value)]));
}

/** `[{name, value, count, usual}]`: what tells them apart from `others` most, first. Pure. */
export function tally(blamed, others = []) {
  const counts = new Map();
  for (const { span } of blamed) for (const key of pairs(span)) counts.set(key, (counts.get(key) || 0) + 1);
  const apart = (one) => one.count / blamed.length - (one.usual ?? 0);
  return [...counts]
    .map(([key, count]) => ({
      name: JSON.parse(key)[0], value: JSON.parse(key)[1], count,
      usual: others.length ? others.filter((said) => said.has(key)).length / others.length : null,
    }))
    .filter((one) => one.count > 1 && one.count >= TELLING * blamed.length && (one.usual === null || apart(one) >= MORE))
    .sort((a, b) => apart(b) - apart(a))
    .slice(0, SHOWN);
}

function tell(place, blamed, others) {
  if (!blamed.length) return void fill(place, h('p', { class: 'inv-facts', text: 'There is nothing to compare.' }));
  const failed = blamed.filter((row) => row.failed).length;
  const mean = blamed.reduce((sum, row) => sum + own(row.span), 0) / blamed.length;
  const row = ({ name, value, count, usual }) =>
    h('tr', {},
      h('th', { scope: 'row', text: name }),
      h('td', {}, filterable(name) ? h('a', { href: to('traces', filter(name, value)) }, value) : value),
      h('td', { class: 'number', text: `${count} of ${blamed.length}` }),
      h('td', { class: 'number', text: share(count / blamed.length) }),
      h('td', { class: 'number', text: usual === null ? '–' : share(usual) }));
  fill(place, h('table', {},
      h('caption', { text: `Where it hurts in ${blamed.length} traces: ${failed} at the deepest span that failed, ${blamed.length - failed} at the one that took longest itself, ${duration(mean)} on average` }),
      h('thead', {}, h('tr', {}, ...['What', 'is', 'in', 'share', 'of the fine'].map((text) => h('th', { scope: 'col', text })))),
      h('tbody', {}, ...tally(blamed, others).map(row))));
}

const filterable = (name) => name !== 'span' && name !== 'version';
const filter = (name, value) => (name === 'service' ? { service: value } : { attribute: `${name}=${value}` });
