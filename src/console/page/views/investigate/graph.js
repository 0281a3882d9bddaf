// The service map: who calls whom right now, how often, how slowly, and with how many failures.

import { fill, h, svg } from '../../lib/dom.js';
import { duration, rate, share } from '../../lib/format.js';
import { to } from './address.js';
import { places } from './layers.js';
import { poll } from '../../lib/poll.js';
import { trouble } from './trouble.js';
import { failing, isQuiet, level, memory, slower } from './usual.js';

const PAUSE_MS = 3_000;
const USUAL_PAUSE_MS = 30_000;
const BOX = { width: 164, height: 56, across: 58, down: 16 };
const USUAL_SECONDS = 900;
/** Kept from view to view. */
const usual = memory();

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
      h('p', { class: 'inv-legend' }, legend('ok', '—', 'fine'), legend('some', '!', 'more fail than usual'), legend('many', '✕', 'over 15 % fail'), legend('some', '▲', 'twice as slow as usual'), legend('some', '▼', 'few come')),
    ),
    wrong.line,
    picture,
    h('details', { class: 'inv-more' }, h('summary', { text: 'The same as a table' }), table),
  );
  const remembering = poll(
    async () => usual.learn(await ctx.api.get('/api/graph', { seconds: USUAL_SECONDS })),
    USUAL_PAUSE_MS,
    () => {},
  );
  const asking = poll(
    async (isOver) => {
      const graph = await ctx.api.get('/api/graph', { seconds: span.value });
      if (isOver()) return;
      wrong.none();
      draw(picture, graph, span.value);
      tabulate(table, graph, span.value);
    },
    PAUSE_MS,
    wrong.say,
  );
  return { end: () => (asking.stop(), remembering.stop()) };
}

function legend(level, sign, text) {
  return h('span', { class: `inv-level ${level}` }, h('span', { 'aria-hidden': 'true', text: sign }), ' ' + text);
}

function draw(picture, graph, seconds) {
  const focused = document.activeElement?.closest?.('.inv-map a')?.getAttribute('href');
  const names = graph.nodes.map((node) => node.service);
  if (!names.length) return void fill(picture, h('p', { class: 'inv-empty', text: 'No calls yet. The map fills within seconds of the first visit.' }));
  const { at, width, height } = places(names, graph.edges, BOX);
  const lines = graph.edges.filter((edge) => edge.from !== edge.to).map((edge) => line(edge, at, seconds));
  const drawing = svg(
    'svg',
    { viewBox: `-8 -8 ${width + 16} ${height + 16}`, role: 'group', 'aria-label': 'Service map', class: 'inv-graph' },
    // What fails lies above what does not, and what is said of it above everything.
    ...lines.filter((one) => !one.word).map((one) => one.shape),
    ...lines.filter((one) => one.word).map((one) => one.shape),
    ...graph.nodes.map((node) => box({ ...node, error_ratio: failing(node, graph.edges) }, at.get(node.service), seconds)),
    ...lines.map((one) => one.word),
  );
  fill(picture, drawing);
  if (focused) [...picture.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused)?.focus();
}

function line(edge, at, seconds) {
  const [from, to_] = [at.get(edge.from), at.get(edge.to)];
  const start = from.x + BOX.width / 2;
  const end = to_.x - BOX.width / 2;
  const bend = Math.max(40, Math.abs(end - start) / 2);
  const { name, sign } = level(edge.error_ratio, edge.requests_per_second * seconds, usual.of(edge)?.error_ratio);
  const thick = Math.min(6, 1 + Math.log2(1 + edge.requests_per_second));
  const path = `M${start} ${from.y} C${start + bend} ${from.y} ${end - bend} ${to_.y} ${end} ${to_.y}`;
  const said = `${edge.from} asks ${edge.to}: ${figures(edge)}`;
  const text = name === 'ok' ? '' : `${sign}${share(edge.error_ratio)}`;
  const key = edge.kind === 'http' ? 'server.address' : 'db.system.name';
  const href = to('traces', { service: edge.from, attribute: `${key}=${edge.to}`, status: name === 'ok' ? null : 'error' });
  const shape = svg('a', { href, class: `inv-line ${name}`, 'aria-label': `${text} ${said}`.trim(), tabindex: name === 'ok' ? '-1' : '0' },
    svg('path', { d: path, 'stroke-width': thick.toFixed(1), class: 'inv-edge' }), svg('title', {}, said));
  return { shape, word: text && word(text, { start, end, from, to: to_ }) };
}

/** Near whom it fails at, where lines lie apart; a line that passes others on its way says it where it begins. */
function word(text, { start, end, from, to: to_ }) {
  const isNear = end - start <= BOX.across * 1.5;
  const at = isNear ? 0.06 : 0.94;
  const x = isNear ? end - 34 : start + 34;
  const y = to_.y + (from.y - to_.y) * at - 5;
  return svg('text', { x, y, class: 'inv-edge-word', 'text-anchor': 'middle', 'aria-hidden': 'true' }, text);
}

function box(node, { x, y }, seconds) {
  const usually = usual.of(node);
  const { name, sign } = level(node.error_ratio, node.requests_per_second * seconds, usually?.error_ratio);
  const [left, top] = [x - BOX.width / 2, y - BOX.height / 2];
  const heard = node.requests_per_second > 0;
  const times = slower(node, usually);
  const few = isQuiet(node, usually);
  const said = `${node.service}: ${heard ? figures(node) : 'asks, and is not asked'}${times ? `, ${rate(times)} times the usual` : ''}${few ? ', far fewer than usual' : ''}`;
  const key = node.kind === 'http' ? 'server.address' : 'db.system.name';
  // Who sends nothing is found by those who ask.
  const whose = node.speaks ? { service: node.service } : { attribute: `${key}=${node.service}` };
  return svg(
    'a',
    { href: to('traces', { ...whose, status: name === 'ok' ? null : 'error' }), class: `inv-node ${name} ${node.speaks ? 'speaks' : 'silent'} ${times || few ? 'slow' : ''}` },
    svg('rect', { x: left, y: top, width: BOX.width, height: BOX.height, rx: node.kind === 'http' ? 6 : 22 }, svg('title', {}, said)),
    svg('text', { x, y: top + 20, class: 'inv-node-name', 'text-anchor': 'middle' }, sign + node.service),
    svg('text', { x, y: top + 35, class: few ? 'inv-slow' : null, 'text-anchor': 'middle' }, heard ? `${few ? '▼ ' : ''}${rate(node.requests_per_second)}/s  ${share(node.error_ratio)} fail` : 'shoppers'),
    heard && svg('text', { x, y: top + 49, class: times ? 'inv-slow' : null, 'text-anchor': 'middle' }, `${times ? '▲ ' : ''}p95 ${duration(node.p95_ms)}`),
  );
}

const figures = (one) =>
  `${rate(one.requests_per_second)} a second, ${share(one.error_ratio)} fail, half within ${duration(one.p50_ms)}, p95 ${duration(one.p95_ms)}`;

function tabulate(place, graph, seconds) {
  const of = (one) => level(one.error_ratio, one.requests_per_second * seconds, usual.of(one)?.error_ratio);
  const row = (from, to_, one) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row', text: from }),
      h('td', { text: to_ }),
      h('td', { class: 'number', text: rate(one.requests_per_second) }),
      h('td', { class: `number inv-level ${of(one).name}`, text: of(one).sign + share(one.error_ratio) }),
      h('td', { class: 'number', text: duration(one.p50_ms) }),
      h('td', { class: 'number', text: duration(one.p95_ms) }),
    );
  const heads = ['Who', 'asks', 'a second', 'fail', 'half within', 'p95'];
  fill(place, h(
      'table',
      {},
      h('caption', { text: 'Services and their calls' }),
      h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col', text })))),
      h('tbody', {}, ...graph.nodes.map((node) => row(node.service, '–', node)), ...graph.edges.map((edge) => row(edge.from, edge.to, edge))),
    ),
  );
}
