// Alerts that fire, with who is told of each.

import { api } from '../../lib/api.js';
import { fill, h } from '../../lib/dom.js';
import { ago } from '../../lib/format.js';
import { live } from '../../lib/live.js';

const EVERY_MS = 3_000;
/** It fires all the time, on purpose. */
const ALWAYS = 'Watchdog';

export function alerts() {
  const node = h('div', { class: 'firing' });
  let timer = 0;
  let isGone = false;
  const ask = async () => {
    clearTimeout(timer);
    const stack = live.last('stack');
    try {
      if (stack?.prometheus?.state !== 'ready') fill(node, h('p', { class: 'dim' }, `No Prometheus: ${stack?.why ?? stack?.state ?? 'not known yet'}`));
      else if (!live.stale()) show(await api.get('/api/alerts'));
    } catch (problem) {
      if (!isGone) fill(node, h('p', { class: 'dim' }, problem.message));
    }
    if (!isGone) timer = setTimeout(ask, EVERY_MS);
  };
  const show = ({ alerts: all }) => {
    const firing = all.filter((alert) => alert.state === 'firing' && alert.labels.alertname !== ALWAYS);
    const pending = all.filter((alert) => alert.state === 'pending').length;
    const rest = pending ? h('p', { class: 'dim' }, `${pending} pending`) : null;
    if (!firing.length) return void fill(node, h('p', { class: 'dim' }, 'None.'), rest);
    fill(node, h('ul', {}, firing.map(line)), rest);
  };
  const offs = [live.on('notification', ask), live.on('stack', ask)];
  ask();
  return {
    node,
    off() {
      isGone = true;
      clearTimeout(timer);
      offs.forEach((off) => off());
    },
  };
}

function line(alert) {
  const { alertname, severity, ...rest } = alert.labels;
  const about = rest.country ?? rest.service_name ?? rest.sloth_service ?? '';
  const isHeld = alert.status === 'suppressed';
  return h('li', {},
    h('div', { class: 'row' }, h('strong', {}, alertname), about && h('span', { class: 'tag' }, about), severity && h('span', { class: 'tag bad' }, severity)),
    h('p', { class: 'dim' }, isHeld ? 'held back' : alert.receivers.length ? `told: ${alert.receivers.join(', ')}` : 'nobody told yet', ` · ${ago(alert.active_at)}`));
}
