// How the shop fares, as tiles: a number, how it has gone, and what is wrong with it in words.

import { fill, h } from '../../lib/dom.js';
import { duration, money, rate, share } from '../../lib/format.js';
import { history } from '../../lib/history.js';
import { live } from '../../lib/live.js';
import { objectives } from '../../lib/objectives.js';
import { spark } from '../../lib/spark.js';

/** The limits of the alerts HighLatencyP95 and HighErrorRate: beyond them something fires. */
const SLOW_MS = 1_000;
const FAILING = 0.05;

const TILES = [
  { id: 'visits', title: 'Visits a minute', of: (v) => v.visits_per_minute, say: rate },
  { id: 'orders', title: 'Orders a minute', of: (v) => v.orders_per_minute, say: rate, colour: '--c3' },
  { id: 'revenue', title: 'Revenue a minute', of: (v) => v.revenue_per_minute ?? NaN, say: money, colour: '--c3' },
  { id: 'latency', title: 'Storefront p95', of: (v) => v.recent_p95_ms ?? NaN, say: duration, colour: '--c2', judge: (ms) => (ms > SLOW_MS ? ['bad', 'slow'] : null) },
  { id: 'errors', title: 'Storefront errors', of: (v) => v.error_share, say: share, colour: '--c6',
    judge: (part) => (part > FAILING ? ['bad', 'failing'] : part > FAILING / 5 ? ['warn', 'some fail'] : null) },
];

export function vitals({ budget = true } = {}) {
  const tiles = TILES.map((tile) => {
    const line = spark();
    line.node.style.setProperty('--spark', `var(${tile.colour ?? '--c1'})`);
    const value = h('dd', { id: `vital-${tile.id}` });
    const word = h('dd', { class: 'word' });
    return { ...tile, line, value, word, node: h('div', { class: 'tile' }, h('dt', {}, tile.title), value, word, h('dd', { class: 'line' }, line.node)) };
  });
  const show = () => {
    const all = history.all();
    const now = all.at(-1);
    for (const tile of tiles) {
      const number = now ? tile.of(now) : NaN;
      tile.value.textContent = tile.say(number);
      tile.line.set(all.map(tile.of));
      const [kind, text] = tile.judge?.(number) ?? ['', ''];
      tile.node.dataset.kind = kind;
      tile.word.textContent = text;
    }
  };
  const spent = budget ? budgetTile() : null;
  const off = live.on('vitals', show);
  history.load().then(show);
  show();
  return {
    node: h('dl', { class: 'tiles' }, tiles.map((tile) => tile.node), spent?.node),
    off() {
      off();
      spent?.off();
    },
  };
}

/** The objective that is worst off: what is left of its budget, and how fast it burns. */
function budgetTile() {
  const left = h('dd', { id: 'vital-budget' }, '–');
  const word = h('dd', { class: 'word' });
  const more = h('dd', { class: 'more dim' });
  const node = h('div', { class: 'tile' }, h('dt', {}, 'Error budget left'), left, word, more);
  const show = (known) => {
    const measured = known.filter((one) => one.budget_left !== null);
    if (!measured.length) {
      left.textContent = '–';
      word.textContent = '';
      node.dataset.kind = '';
      return void fill(more, objectives.why());
    }
    const worst = measured.reduce((one, other) => (other.budget_left < one.budget_left ? other : one));
    left.textContent = worst.budget_left < 0 ? 'spent' : share(worst.budget_left);
    const burn = worst.burn_rate ?? 0;
    const [kind, text] = worst.budget_left < 0 ? ['bad', 'over budget'] : burn > 6 ? ['bad', 'burning fast'] : burn > 1 ? ['warn', 'burning'] : ['', ''];
    node.dataset.kind = kind;
    word.textContent = text;
    fill(more, `${worst.service} ${worst.objective}`, h('br'), `burns ${rate(burn)}×`);
  };
  show(objectives.known());
  return { node, off: objectives.watch(show) };
}
