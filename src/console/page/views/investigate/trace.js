// One trace: its spans as a waterfall, beside it the chosen span, below it the trace's log lines. Of a trace that is gone
// the log lines that are left, and where similar traces are.

import { clear, fill, h, svg } from '../../lib/dom.js';
import { clock, duration } from '../../lib/format.js';
import { remembered, to, trace as address } from './address.js';
import { pinButton } from './pin.js';
import * as grafana from './grafana.js';
import { logLine } from './line.js';
import { marks, rows, telling } from './rows.js';
import { spanPanel } from './span.js';
import { tone } from './tones.js';
import { trouble } from './trouble.js';

const SCALE = 1000;
const LINES = 500;

export function mount(root, ctx, { id, query }) {
  let ended = false;
  const out = grafana.outlet(ctx, (base) => grafana.trace(base, id));
  const wrong = trouble();
  const place = h('div', { class: 'inv-trace' }, h('p', { class: 'inv-empty', text: 'Asking for the trace …' }));
  root.append(h('p', {}, h('a', { href: remembered() }, '← All traces')), wrong.line, place);
  const load = async () => {
    // The one may be there without the other: lines live longer than traces.
    const [tree, lines] = await Promise.allSettled([
      ctx.api.get(`/api/traces/${encodeURIComponent(id || '')}`),
      ctx.api.get('/api/logs', { trace_id: id, limit: LINES }),
    ]);
    if (ended) return;
    const found = lines.status === 'fulfilled' ? lines.value : [];
    if (tree.status === 'fulfilled') {
      draw(place, ctx, { tree: tree.value, lines: found, out }, query.get('span'));
      if (lines.status === 'rejected') wrong.say(lines.reason);
    } else if (tree.reason.status === 404) gone(place, tree.reason, found, out);
    else throw tree.reason;
  };
  load().catch((problem) => {
    clear(place);
    if (!ended) wrong.say(problem);
  });
  return { end: () => ((ended = true), out.end()) };
}

/** What is left of a trace that the store does not have. */
function gone(place, problem, lines, out) {
  const list = h('ol', { class: 'inv-logs', 'aria-label': 'Log lines of the trace' }, ...lines.map((line) => logLine(line, { linked: false })));
  fill(place,
    h('p', { class: 'inv-level some', role: 'status', text: `! ${problem.detail}` }),
    h('p', { class: 'inv-facts' },
      'The store keeps failed, slow, referenced and pinned traces longest. ',
      h('a', { class: 'inv-similar', href: similar(lines) }, 'Similar traces now')),
    out.link,
    lines.length ? h('h3', { text: `Its log lines that are left: ${lines.length}` }) : h('p', { class: 'inv-empty', text: 'No log line of it is left either.' }),
    list);
}

/** The list of traces that have most in common with these log lines: the worst of them shows where it went wrong. */
export function similar(lines) {
  const of = (level) => lines.find((line) => line.level === level);
  const worst = of('ERROR') || of('WARN') || lines[0];
  if (!worst) return to('traces');
  return to('traces', { service: worst.service, route: worst['http.route'], status: worst.level === 'ERROR' ? 'error' : '' });
}

function draw(place, ctx, { tree, lines, out }, wanted) {
  const all = rows(tree);
  const panel = spanPanel(ctx);
  const buttons = new Map();
  const list = h('ol', { class: 'inv-logs', 'aria-label': 'Log lines of the trace' }, ...lines.map((line) => chosen(line)));
  const choose = (row, focus) => {
    for (const [one, button] of buttons) button.setAttribute('aria-pressed', String(one === row));
    for (const line of list.children) line.classList.toggle('chosen', line.dataset.span === row.span.span_id);
    panel.show(row, all, lines);
    if (focus) buttons.get(row).focus();
    // The address leads to this span; the way back does not lead through each.
    history.replaceState(null, '', address(tree.trace_id, row.span.span_id));
  };
  function chosen(line) {
    const row = all.find((one) => one.span.span_id === line.span_id);
    const item = logLine(line, { linked: false });
    if (row) item.append(h('button', { type: 'button', class: 'inv-jump', on: { click: () => choose(row, true) } }, 'span'));
    return item;
  }
  const waterfall = h(
    'ol',
    { class: 'inv-waterfall', 'aria-label': 'Spans', on: { keydown: (event) => walk(event, buttons) } },
    ...all.map((row) => {
      const button = bar(row, () => choose(row));
      buttons.set(row, button);
      return h('li', {}, button);
    }),
  );
  const first = tree.roots[0];
  fill(place, h(
      'header',
      { class: 'inv-trace-head' },
      h('h2', { text: first ? first.name : 'A trace' }),
      h('p', { class: 'inv-facts' },
        `${clock(tree.started)}, ${duration(tree.duration_ms)}, ${tree.spans} spans, ${tree.services.length} services, `,
        h('code', { text: tree.trace_id })),
      pinButton(ctx, tree),
      out.link,
      tree.turned_away > 0
        ? h('p', { class: 'inv-level some inv-cut', text: `! ${count(tree.spans)} of ${count(tree.spans + tree.turned_away)} spans are kept: a trace may have no more, so its figures are those of a part` })
        : null,
      tree.roots.length > 1
        ? h('p', { class: 'inv-level some', text: `! ${tree.roots.length} pieces that nothing joins: a caller's span is missing, or its context was not sent on` })
        : null,
    ),
    h('div', { class: 'inv-split' },
      h('section', { class: 'inv-left', 'aria-label': 'Waterfall' }, scale(tree.duration_ms), waterfall,
        h('h3', { text: `Its ${lines.length} log lines` }), list),
      panel.place),
  );
  const start = all.find((row) => row.span.span_id === wanted) || telling(all);
  if (start) {
    choose(start, false);
    buttons.get(start).scrollIntoView({ block: 'nearest' });
  }
}

const count = (number) => number.toLocaleString('en');

function scale(durationMs) {
  return h('div', { class: 'inv-scale', 'aria-hidden': 'true' }, h('span'), h('span', { class: 'inv-ticks' }, ...marks(durationMs).map(({ ms }) => h('span', { text: duration(ms) }))));
}

function bar(row, choose) {
  const { span, depth, from, width, failed, blamed } = row;
  const sign = blamed ? '✕ ' : failed ? '↑ ' : '';
  const indent = Math.min(depth, 14);
  return h(
    'button',
    {
      type: 'button',
      class: failed ? 'inv-bar failed' : 'inv-bar',
      'aria-pressed': 'false',
      on: { click: choose },
    },
    h('span', { class: `inv-bar-name in-${indent}` },
      h('span', { class: `inv-dot-tone ${tone(span.service)}` }), h('b', { text: sign + span.service }), ' ' + span.name,
      failed ? h('span', { class: 'visually-hidden', text: blamed ? ', failed here' : ', failed below' }) : null),
    h('span', { class: `inv-bar-track ${tone(span.service)}` },
      svg('svg', { viewBox: `0 0 ${SCALE} 12`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        svg('rect', { x: (from * SCALE).toFixed(1), y: 1, width: Math.max(2, width * SCALE).toFixed(1), height: 10 }))),
    h('span', { class: 'inv-bar-time', text: duration(span.duration_ms) }),
  );
}

/** Up and down go from span to span. */
function walk(event, buttons) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = [...buttons.values()];
  const at = all.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  event.stopPropagation();
  const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
  next.focus();
  next.click();
}
