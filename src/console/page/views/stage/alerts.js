// Alerts that fire, with who is told of each.

import { api } from '../../lib/api.js';
import { broken, fill, h } from '../../lib/dom.js';
import { ago } from '../../lib/format.js';
import { live } from '../../lib/live.js';
import { poll } from '../../lib/poll.js';

const EVERY_MS = 3_000;
/** It fires all the time, on purpose. */
const ALWAYS = 'Watchdog';

/** `reasons`: whether it is said why alerts are not known. That is for operators. */
export function alerts({ reasons = true } = {}) {
  const node = h('div', { class: 'firing' });
  const ask = async (isOver) => {
    const stack = live.last('stack');
    if (live.last('role')?.role === 'audience') return unknown('Not shown without a token.');
    if (stack?.prometheus?.state !== 'ready') return unknown(`No Prometheus: ${stack?.why ?? stack?.state ?? 'not known yet'}`);
    const now = live.stale() ? null : await api.get('/api/alerts');
    if (now && !isOver()) show(now);
  };
  const unknown = (why) => say(reasons ? why : 'Not known.');
  const say = (text) => void fill(node, h('p', { class: 'dim' }, text));
  const show = ({ alerts: all }) => {
    const firing = all.filter((alert) => alert.state === 'firing' && alert.labels.alertname !== ALWAYS);
    const pending = all.filter((alert) => alert.state === 'pending').length;
    const rest = pending ? h('p', { class: 'dim' }, `${pending} pending`) : null;
    if (!firing.length) return void fill(node, h('p', { class: 'dim' }, 'None.'), rest);
    fill(node, h('ul', {}, firing.map(line)), rest);
  };
  const asking = poll(ask, EVERY_MS, (problem) => unknown(problem.message));
  const offs = [live.on('notification', asking.now), live.on('stack', asking.now)];
  return {
    node,
    off() {
      asking.stop();
      offs.forEach((off) => off());
    },
  };
}

function line(alert) {
  const { alertname, severity, ...rest } = alert.labels;
  const about = rest.country ?? rest.service_name ?? rest.sloth_service ?? '';
  const isHeld = alert.status === 'suppressed';
  return h('li', {},
    h('div', { class: 'row' }, h('strong', {}, broken(alertname)), about && h('span', { class: 'tag' }, about), severity && h('span', { class: 'tag bad' }, severity)),
    h('p', { class: 'dim' }, isHeld ? 'held back' : alert.receivers.length ? `told: ${alert.receivers.join(', ')}` : 'nobody told yet', ` · ${ago(alert.active_at)}`));
}
