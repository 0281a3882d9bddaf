// Payments by country, side by side: each its share, how it has gone, how sure that is, and in words when it is bad.
// Whether it is bad is the lab's judgement: more failures than usual in that country, and not by chance.

import { h } from '../../lib/dom.js';
import { share } from '../../lib/format.js';
import { history } from '../../lib/history.js';
import { live } from '../../lib/live.js';
import { spark } from '../../lib/spark.js';

const SHORT = { US: 'USA', UK: 'UK' };
const KINDS = { healthy: 'good', elevated: 'warn', failing: 'bad' };
/** The worst come first; among equals the lab's order stays. */
const ORDER = { bad: -2, warn: -1 };
/** Below this a share that chance may explain has no colour. */
const POOR = 0.8;
/** Of a normal distribution: 95 % lie within so many standard deviations. */
const Z95 = 1.96;

/** How a country fares: what to show as its share, and how bad it is. */
export function judged({ payments, failed, state, evidence }) {
  if (evidence) {
    return { part: 1 - evidence.failed / evidence.payments, kind: KINDS[state], word: `${evidence.failed} of ${evidence.payments} fail`, of: evidence };
  }
  if (!payments) return { part: NaN, kind: 'quiet', word: 'no payments', of: null };
  const word = failed ? `${failed} of ${payments} ${failed === 1 ? 'fails' : 'fail'}` : `${payments} of ${payments} succeed`;
  const part = 1 - failed / payments;
  // Nothing is known to be wrong, and nobody would call it well.
  const kind = state === 'healthy' && part < POOR ? 'quiet' : KINDS[state];
  return { part, kind, word, of: { payments, failed } };
}

/** Where the true share of successes lies with 95 % confidence, by Wilson's score: the fewer payments, the wider. */
export function interval({ payments, failed }) {
  const [part, squared] = [1 - failed / payments, Z95 * Z95];
  const middle = (part + squared / (2 * payments)) / (1 + squared / payments);
  const half = (Z95 * Math.sqrt((part * (1 - part)) / payments + squared / (4 * payments * payments))) / (1 + squared / payments);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

export function countries() {
  const node = h('ul', { class: 'countries' });
  const cells = new Map();
  const show = () => {
    const all = history.all();
    const known = all.at(-1)?.countries ?? [];
    for (const [code, { item }] of cells) {
      if (known.some((country) => country.country === code)) continue;
      item.remove();
      cells.delete(code);
    }
    const isNew = known.some((country) => !cells.has(country.country));
    for (const country of known) {
      if (!cells.has(country.country)) add(country);
      // In the lab's order, whoever paid first.
      if (isNew) node.append(cells.get(country.country).item);
      const cell = cells.get(country.country);
      const { part, kind, word, of } = judged(country);
      cell.item.dataset.kind = kind;
      cell.item.style.order = ORDER[kind] ?? 0;
      cell.value.textContent = Number.isFinite(part) ? share(part) : '–';
      cell.word.textContent = word;
      const [low, high] = of ? interval(of) : [0, 0];
      cell.sure.style.left = `${(low * 100).toFixed(1)}%`;
      cell.sure.style.width = `${((high - low) * 100).toFixed(1)}%`;
      cell.line.set(all.map((one) => success(one, country.country)));
    }
  };
  const add = ({ country, title }) => {
    const line = spark({ low: 0, high: 1 });
    const [value, word] = [h('strong', { class: 'value' }), h('span', { class: 'word' })];
    const sure = h('span', { class: 'sure' });
    const bar = h('span', { class: 'interval', title: 'Where the true share lies with 95 % confidence', 'aria-hidden': 'true' }, sure);
    const item = h('li', { id: `country-${country}` }, h('span', { class: 'name', title }, SHORT[country] ?? title), value, word, bar, line.node);
    cells.set(country, { item, value, word, sure, line });
  };
  const off = live.on('vitals', show);
  history.load().then(show);
  show();
  return { node, off };
}

function success(vitals, code) {
  const country = vitals.countries?.find((one) => one.country === code);
  return country?.payments ? 1 - country.failed / country.payments : NaN;
}
