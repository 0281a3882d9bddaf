// Payments by country, side by side: each its share, how it has gone, and in words when it is bad.

import { h } from '../../lib/dom.js';
import { share } from '../../lib/format.js';
import { history } from '../../lib/history.js';
import { live } from '../../lib/live.js';
import { spark } from '../../lib/spark.js';

/** One unlucky customer is no outage. */
const FEW = 2;
const BAD = 0.8;
const SHORT = { US: 'USA', UK: 'UK' };
const POOR = 0.93;

/** How a country fares: what to show as its share, and how bad it is. */
export function judged({ payments, failed }) {
  if (!payments) return { part: NaN, kind: 'quiet', word: 'no payments' };
  const part = 1 - failed / payments;
  if (failed >= FEW && part < BAD) return { part, kind: 'bad', word: `${failed} of ${payments} fail` };
  if (failed >= FEW && part < POOR) return { part, kind: 'warn', word: `${failed} of ${payments} fail` };
  const word = failed ? `${failed} of ${payments} ${failed === 1 ? 'fails' : 'fail'}` : `all ${payments} well`;
  return { part, kind: part < BAD ? 'quiet' : 'good', word };
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
      const { part, kind, word } = judged(country);
      cell.item.dataset.kind = kind;
      cell.value.textContent = Number.isFinite(part) ? share(part) : '–';
      cell.word.textContent = word;
      cell.line.set(all.map((one) => success(one, country.country)));
    }
  };
  const add = ({ country, title }) => {
    const line = spark({ low: 0, high: 1 });
    const [value, word] = [h('strong', { class: 'value' }), h('span', { class: 'word' })];
    const item = h('li', { id: `country-${country}` }, h('span', { class: 'name', title }, SHORT[country] ?? title), value, word, line.node);
    cells.set(country, { item, value, word, line });
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
