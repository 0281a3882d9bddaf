// The service map: who calls whom right now, how often, how slowly, and with how many failures.

import { clear, h, svg } from '../../lib/dom.js';
import { duration, rate, share } from '../../lib/format.js';
import { to } from './address.js';
import { places } from './layers.js';
import { poll } from '../../lib/poll.js';
import { trouble } from './trouble.js';

const PAUSE_MS = 3_000;
const USUAL_PAUSE_MS = 30_000;
const BOX = { width: 164, height: 56, across: 58, down: 16 };
/** From here on failures are coloured. Third parties are never perfect: some failures are an ordinary evening. */
const SOME = 0.02;
const MANY = 0.15;
/** So many times the p95 of the last quarter of an hour is slow, unless it is below what anybody would feel. */
const SLOWER = 2;
const FELT_MS = 20;
const USUAL_SECONDS = 900;

export function mount(root, ctx, { query }) {
  const picture = h('div', { class: 'inv-map' });
  const table = h('div', { class: 'inv-table' });
  const wrong = trouble();
  const span = h(
    'select',
    { name: 'seconds', on: { change: () => asking.now() } },
    ...[[30, '30 s'], [60, 'minute'], [300, '5 minutes'], [900, '15 minutes']].map(([value, text]) => h('option', { value }, text)),
  );
  span.value = query.get('seconds') || '30';
  root.append(
    h(
      'div',
      { class: 'inv-head' },
      h('h2', { text: 'Who calls whom' }),
      h('label', { class: 'inv-filter' }, h('span', { text: 'over the last' }), span),
      h('p', { class: 'inv-legend' }, legend('ok', '—', 'fine'), legend('some', '!', 'over 2 % fail'), legend('many', '✕', 'over 15 % fail'), legend('some', '▲', 'twice as slow as usual')),
    ),
    wrong.line,
    picture,
    h('details', { class: 'inv-more' }, h('summary', { text: 'The same as a table' }), table),
  );
  let usual = new Map();
  const remembering = poll(
    async () => {
      const long = await ctx.api.get('/api/graph', { seconds: USUAL_SECONDS });
      usual = new Map(long.nodes.map((node) => [node.service, node.p95_ms]));
    },
    USUAL_PAUSE_MS,
    () => {},
  );
  const asking = poll(
    async (isOver) => {
      const graph = await ctx.api.get('/api/graph', { seconds: span.value });
      if (isOver()) return;
      wrong.none();
      draw(picture, graph, usual);
      tabulate(table, graph);
    },
    PAUSE_MS,
    wrong.say,
  );
  return { end: () => (asking.stop(), remembering.stop()) };
}

function legend(level, sign, text) {
  return h('span', { class: `inv-level ${level}` }, h('span', { 'aria-hidden': 'true', text: sign }), ' ' + text);
}

/** Of failures: the class, and the sign for who cannot tell the colours. */
export function level(ratio) {
  if (ratio >= MANY) return { name: 'many', sign: '✕ ' };
  if (ratio >= SOME) return { name: 'some', sign: '! ' };
  return { name: 'ok', sign: '' };
}

function draw(picture, graph, usual) {
  const focused = document.activeElement?.closest?.('.inv-map a')?.getAttribute('href');
  const names = graph.nodes.map((node) => node.service);
  const { at, width, height } = places(names, graph.edges, BOX);
  const drawing = svg(
    'svg',
    { viewBox: `-8 -8 ${width + 16} ${height + 16}`, role: 'group', 'aria-label': 'Service map', class: 'inv-graph' },
    ...graph.edges.filter((edge) => edge.from !== edge.to).map((edge) => line(edge, at)),
    ...graph.nodes.map((node) => box(node, at.get(node.service), usual.get(node.service))),
  );
  clear(picture).append(names.length ? drawing : h('p', { class: 'inv-empty', text: 'No calls yet. The map fills within seconds of the first visit.' }));
  if (focused) [...picture.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused)?.focus();
}

function line(edge, at) {
  const [from, to_] = [at.get(edge.from), at.get(edge.to)];
  const start = from.x + BOX.width / 2;
  const end = to_.x - BOX.width / 2;
  const bend = Math.max(40, Math.abs(end - start) / 2);
  const { name, sign } = level(edge.error_ratio);
  const thick = Math.min(6, 1 + Math.log2(1 + edge.requests_per_second));
  const path = `M${start} ${from.y} C${start + bend} ${from.y} ${end - bend} ${to_.y} ${end} ${to_.y}`;
  const said = `${edge.from} asks ${edge.to}: ${figures(edge)}`;
  // What is seen is part of what is heard.
  const word = name === 'ok' ? '' : `${sign}${share(edge.error_ratio)} `;
  const shape = [svg('path', { d: path, 'stroke-width': thick.toFixed(1), class: 'inv-edge' }), svg('title', {}, said)];
  if (name !== 'ok') {
    // Near whom it fails at: there lines lie apart.
    const x = end - 34;
    const y = to_.y + (from.y - to_.y) * 0.06 - 5;
    shape.push(svg('text', { x, y, class: 'inv-edge-word', 'text-anchor': 'middle' }, word.trim()));
  }
  const key = edge.kind === 'http' ? 'server.address' : 'db.system.name';
  const href = to('traces', { service: edge.from, attribute: `${key}=${edge.to}`, status: name === 'ok' ? null : 'error' });
  return svg('a', { href, class: `inv-line ${name}`, 'aria-label': word + said, tabindex: name === 'ok' ? '-1' : '0' }, ...shape);
}

function box(node, { x, y }, usually) {
  const { name, sign } = level(node.error_ratio);
  const [left, top] = [x - BOX.width / 2, y - BOX.height / 2];
  const heard = node.requests_per_second > 0;
  const isSlow = usually > 0 && node.p95_ms > FELT_MS && node.p95_ms > SLOWER * usually;
  const slow = isSlow ? `, ${rate(node.p95_ms / usually)} times the usual` : '';
  const said = `${node.service}: ${heard ? figures(node) + slow : 'asks, and is not asked'}`;
  const key = node.kind === 'http' ? 'server.address' : 'db.system.name';
  // Who sends nothing is found by those who ask.
  const filter = node.speaks ? { service: node.service } : { attribute: `${key}=${node.service}` };
  return svg(
    'a',
    { href: to('traces', filter), class: `inv-node ${name} ${node.speaks ? 'speaks' : 'silent'} ${isSlow ? 'slow' : ''}` },
    svg('rect', { x: left, y: top, width: BOX.width, height: BOX.height, rx: node.kind === 'http' ? 6 : 22 }, svg('title', {}, said)),
    svg('text', { x, y: top + 20, class: 'inv-node-name', 'text-anchor': 'middle' }, sign + node.service),
    svg('text', { x, y: top + 35, 'text-anchor': 'middle' }, heard ? `${rate(node.requests_per_second)}/s  ${share(node.error_ratio)} fail` : 'shoppers'),
    heard && svg('text', { x, y: top + 49, class: isSlow ? 'inv-slow' : null, 'text-anchor': 'middle' }, `${isSlow ? '▲ ' : ''}p95 ${duration(node.p95_ms)}`),
  );
}

const figures = (one) =>
  `${rate(one.requests_per_second)} a second, ${share(one.error_ratio)} fail, half within ${duration(one.p50_ms)}, p95 ${duration(one.p95_ms)}`;

function tabulate(place, graph) {
  const row = (from, to_, one) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row', text: from }),
      h('td', { text: to_ }),
      h('td', { class: 'number', text: rate(one.requests_per_second) }),
      h('td', { class: `number inv-level ${level(one.error_ratio).name}`, text: level(one.error_ratio).sign + share(one.error_ratio) }),
      h('td', { class: 'number', text: duration(one.p50_ms) }),
      h('td', { class: 'number', text: duration(one.p95_ms) }),
    );
  const heads = ['Who', 'asks', 'a second', 'fail', 'half within', 'p95'];
  clear(place).append(
    h(
      'table',
      {},
      h('caption', { text: 'Services and their calls' }),
      h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col', text })))),
      h('tbody', {}, ...graph.nodes.map((node) => row(node.service, '–', node)), ...graph.edges.map((edge) => row(edge.from, edge.to, edge))),
    ),
  );
}
