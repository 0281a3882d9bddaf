// What burns right now, who is told of it, and what holds it back.

import { h, fill } from '../../lib/dom.js';
import { ago } from '../../lib/format.js';
import { table, tableRow } from '../../lib/table.js';
import { answers } from './answers.js';
import { labels, named, quiet, stateTag } from './words.js';

const EVERY_MS = 2_000;
const HEADS = ['State', 'Alert', 'Of', 'What it says', 'Since', 'Told to'];

export function burning(root, ctx) {
  const trouble = h('div');
  const note = h('p', { class: 'dim', hidden: true });
  const body = h('tbody');
  root.append(trouble, note, table('Pending and firing alerts, those that fire first', HEADS, body));
  const asking = answers(trouble, EVERY_MS, () => ctx.api.get('/api/alerts'), (now) => {
    note.hidden = !now.trouble;
    note.textContent = now.trouble ? `Alertmanager says nothing: ${now.trouble}` : '';
    const names = new Map(now.alerts.map((alert) => [alert.fingerprint, alert.labels.alertname]));
    const rows = now.alerts.map((alert) => row(alert, (fingerprint) => names.get(fingerprint) ?? fingerprint));
    fill(body, rows.length ? rows : h('tr', {}, h('td', { class: 'empty', colspan: HEADS.length, text: 'Nothing burns, and nothing is about to.' })));
  });
  // What arrives at a receiver has just changed something.
  const off = ctx.live.on('notification', () => asking.now());
  return () => {
    off();
    asking.stop();
  };
}

function row(alert, nameOf) {
  const why = quiet(alert, nameOf);
  const receivers = alert.receivers.join(', ') || 'nobody yet';
  return tableRow(HEADS,
    h('td', {}, stateTag(alert.state)),
    h('th', { scope: 'row' }, named(alert.labels.alertname), ' ', alert.labels.severity ? h('span', { class: 'dim', text: alert.labels.severity }) : null),
    h('td', {}, labels(alert.labels)),
    h('td', { text: alert.annotations.summary ?? '' }),
    h('td', { text: ago(alert.active_at) }),
    h('td', {}, why ? [h('span', { class: 'tag warn', text: 'nobody' }), ' ', why, h('br'), h('span', { class: 'dim', text: `else ${receivers}` })] : receivers));
}
