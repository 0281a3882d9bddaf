// Addresses in Grafana for what is looked at here. The data sources are called as the lab provisions them.

import { h } from '../../lib/dom.js';

const HOUR = { from: 'now-1h', to: 'now' };

/** A link into Grafana, there as soon as the lab has said where that is. `address(base)` is asked anew by `point`. */
export function outlet(ctx, address) {
  const link = h('a', { class: 'inv-out', rel: 'noopener', target: '_blank', hidden: true }, 'In Grafana');
  const point = () => {
    const base = ctx.grafana ?? ctx.live.last('state')?.grafana;
    const href = base && /^https?:/.test(base) ? address(base) : null;
    if (href) link.setAttribute('href', href);
    link.hidden = !href;
  };
  point();
  return { link, point, end: ctx.live.on('state', point) };
}

/** A trace in Tempo. */
export const trace = (base, id) =>
  explore(base, 'tempo', { queryType: 'traceql', query: id });

/** Lines in Loki, of a trace or of a service. */
export function logs(base, { service, trace_id: id, text }) {
  const stream = service ? `{service_name=${quoted(service)}}` : '{service_name=~".+"}';
  const about = id ? ` | trace_id=${quoted(id)}` : '';
  const holds = text ? ` |= ${quoted(text)}` : '';
  return explore(base, 'loki', { expr: stream + holds + about });
}

/** A metric in Prometheus, by the name it has there. */
export function metric(base, name, kind, unit, by) {
  const words = { s: '_seconds', By: '_bytes' };
  const plain = name.replace(/\./g, '_') + (words[unit] || '');
  const label = by === 'service' ? 'service_name' : by.replace(/\./g, '_');
  const sums = {
    counter: `sum by (${label}) (rate(${plain}_total[1m]))`,
    histogram: `histogram_quantile(0.95, sum by (${label}, le) (rate(${plain}_bucket[1m])))`,
  };
  return explore(base, 'prometheus', { expr: sums[kind] || `sum by (${label}) (${plain})` });
}

function explore(base, uid, query) {
  const pane = {
    datasource: uid,
    queries: [{ refId: 'A', datasource: { type: uid, uid }, ...query }],
    range: HOUR,
  };
  const panes = encodeURIComponent(JSON.stringify({ a: pane }));
  return `${base.replace(/\/+$/, '')}/explore?schemaVersion=1&orgId=1&panes=${panes}`;
}

const quoted = (text) => JSON.stringify(text);
