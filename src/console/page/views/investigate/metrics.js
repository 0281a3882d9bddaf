// Measurements: any metric of the last fifteen minutes, told apart by any of its labels. A click on a line opens the
// trace of the exemplar that is nearest in time.

import { clear, fill, h } from '../../lib/dom.js';
import { lineChart } from '../../lib/chart.js';
import { clock, rate } from '../../lib/format.js';
import { to, trace } from './address.js';
import { filters, serviceField } from './filters.js';
import * as grafana from './grafana.js';
import { labels, lines, nearest, reading } from './measures.js';
import { poll } from '../../lib/poll.js';
import { trouble } from './trouble.js';

const PAUSE_MS = 5_000;
const SERIES = 1_000;
const LATENCY = 'http.server.request.duration';
/** What is worth a look first, in the words of who looks. */
const QUESTIONS = [
  ['Latency by service', { metric: LATENCY, by: 'service' }],
  ['Answers by status', { metric: LATENCY, by: 'http.response.status_code', read: 'count' }],
  ['Visits', { metric: 'shop.visits', by: 'country' }],
  ['Failed checkouts by country', { metric: 'webstore.checkouts', by: 'country', label: 'status=failed' }],
  ['Orders by country', { metric: 'shop.orders', by: 'country' }],
  ['Queries', { metric: 'db.client.operation.duration', by: 'db.query.summary' }],
  ['Connections', { metric: 'db.client.connection.count', by: 'db.client.connection.state' }],
  ['Waiting for a connection', { metric: 'db.client.connection.pending_requests', by: 'service' }],
  ['Processor', { metric: 'process.cpu.time', by: 'service' }],
  ['Memory', { metric: 'process.memory.usage', by: 'service' }],
];

export function mount(root, ctx, { query }) {
  let wanted = withDefaults(query);
  let chart = null;
  let drawn = '';
  let current = null;
  const wrong = trouble();
  const known = new Map();
  const place = h('div', { class: 'inv-chart' });
  const said = h('p', { class: 'inv-facts' });
  const spots = h('div', { class: 'inv-table' });
  let about = null;
  const out = grafana.outlet(ctx, (base) => about && grafana.metric(base, wanted.get('metric'), about.kind, about.unit, wanted.get('by')));
  const fields = filters('metrics', wishes(ctx), wanted);
  const choice = (name) => fields.form.elements.namedItem(name);
  root.append(
    h('h2', { class: 'visually-hidden', text: 'Measurements' }),
    h('ul', { class: 'inv-questions', 'aria-label': 'Often asked' }, ...QUESTIONS.map(([text, filter]) => h('li', {}, h('a', { href: to('metrics', filter) }, text)))),
    h('div', { class: 'inv-head' }, fields.form, out.link),
    wrong.line, said, place, spots,
  );

  const open = (at, name) => {
    const spot = current && nearest(current.exemplars, at, name);
    if (spot) ctx.go(trace(spot.trace_id, spot.span_id));
    else ctx.toast('There is no exemplar near that point. Counters and gauges keep none: choose a duration.');
  };
  const ask = async (isOver) => {
    const asked = wanted.toString();
    if (!known.size) {
      for (const one of await ctx.api.get('/api/metrics')) known.set(one.name, one);
      offer(choice('metric'), [...known.keys()]);
      fields.set(wanted);
    }
    const metric = wanted.get('metric');
    const series = await ctx.api.get('/api/series', { metric, service: wanted.get('service'), label: split(wanted.get('label')), limit: SERIES });
    if (isOver() || asked !== wanted.toString()) return;
    wrong.none();
    const by = wanted.get('by');
    offer(choice('by'), labels(series));
    fields.set(wanted);
    about = known.get(metric) || { kind: series[0]?.kind || 'gauge', unit: '', help: '' };
    const counted = wanted.get('read') === 'count' && about.kind === 'histogram';
    current = lines(counted ? series.map(asCounter) : series, by);
    show(metric, counted ? { ...about, kind: 'counter', unit: '{request}' } : about, by);
  };

  function show(metric, kept, by) {
    const { what, unit } = reading(kept.kind, kept.unit);
    const [factor, shown] = unit === 's' ? [1_000, ' ms'] : unit === 'By' ? [1 / 1_048_576, ' MiB'] : [1, ''];
    const names = current.lines.map((one) => one.label);
    const [scale, spoken] = about.unit === 's' ? [1_000, ' ms'] : [factor, shown];
    said.textContent = `${kept.help || metric} · ${what}${shown || !unit || unit === '1' ? '' : `, ${unit}`}, by ${by}`
      + (current.exemplars.length ? ' · a click on a line opens a trace' : '')
      + (current.left ? ` · the ${names.length} largest of ${names.length + current.left}` : '');
    out.point();
    const shape = JSON.stringify([metric, by, names, shown]);
    if (shape !== drawn) {
      chart?.destroy();
      clear(place);
      drawn = shape;
      const series = names.map((label, index) => ({ label, colour: `--c${index + 1}`, unit: shown }));
      chart = names.length ? lineChart(place, { series, height: 300, label: metric, legend: true, onPoint: (point) => open(point.x, point.series.label) }) : null;
      if (!chart) place.append(h('p', { class: 'inv-empty', text: 'No series of that kind yet.' }));
    }
    chart?.set(current.xs, ...current.lines.map((one) => one.ys.map((y) => (y === null ? null : y * factor))));
    tell(spots, current.exemplars, scale, spoken);
  }

  const asking = poll(ask, PAUSE_MS, wrong.say);
  return {
    end: () => (asking.stop(), fields.end(), out.end(), chart?.destroy()),
    filter(fresh) {
      wanted = withDefaults(fresh);
      fields.set(wanted);
      ask(() => false).catch(wrong.say);
      return true;
    },
  };
}

function withDefaults(query) {
  const all = new URLSearchParams(query);
  if (!all.get('metric')) all.set('metric', LATENCY);
  if (!all.get('by')) all.set('by', 'service');
  return all;
}

function wishes(ctx) {
  return [
    { name: 'metric', label: 'What', kind: 'choice', choices: [[LATENCY, LATENCY]] },
    { name: 'by', label: 'Apart by', kind: 'choice', choices: [['service', 'service']] },
    serviceField(ctx),
    { name: 'label', label: 'Label', kind: 'text', hint: 'country=BR' },
    { name: 'read', label: 'As', kind: 'choice', choices: [['', 'usual'], ['count', 'how often']] },
  ];
}

const split = (text) => (text || '').split(/,\s*/).filter(Boolean);

/** How often instead of how long. */
const asCounter = (one) => ({ ...one, kind: 'counter' });

function offer(select, names) {
  if ([...select.options].map((option) => option.value).join() === names.join()) return;
  const value = select.value;
  fill(select, ...names.map((name) => h('option', { value: name }, name)));
  select.value = value;
}

/** The newest exemplars: every one leads to its trace, by keyboard too. */
function tell(place, exemplars, factor, unit) {
  const newest = [...exemplars].sort((a, b) => b.value - a.value).slice(0, 10);
  if (!newest.length) return void clear(place);
  if (place.contains(document.activeElement)) return;
  const row = (spot) =>
    h('tr', {},
      h('th', { scope: 'row', text: spot.label }),
      h('td', { class: 'number', text: rate(spot.value * factor) + unit }),
      h('td', { class: 'number', text: clock(spot.at * 1_000) }),
      h('td', {}, h('a', { href: trace(spot.trace_id, spot.span_id) }, spot.trace_id.slice(0, 12) + '…')));
  fill(place, h('table', {},
      h('caption', { text: 'The largest of the recent exemplars' }),
      h('thead', {}, h('tr', {}, ...['Of', 'Value', 'At', 'Trace'].map((text) => h('th', { scope: 'col', text })))),
      h('tbody', {}, ...newest.map(row))),
  );
}
