// Notifications as they arrived, the newest first.

import { h, fill } from '../../lib/dom.js';
import { clock } from '../../lib/format.js';
import { table, tableRow } from '../../lib/table.js';
import { labels } from './words.js';

const MOST = 200;
const HEADS = ['Came', 'Receiver', 'Status', 'Alerts', 'Why it was sent'];

export function told(root, ctx) {
  const body = h('tbody');
  const who = h('select', { id: 'receiver', on: { change: show } }, h('option', { value: '', text: 'every receiver' }));
  const watchdog = h('input', { type: 'checkbox', id: 'watchdog', on: { change: show } });
  let notes = [];
  root.append(h('div', { class: 'row' }, h('label', { for: 'receiver', text: 'Receiver' }), who,
    watchdog, h('label', { for: 'watchdog', text: 'with the watchdog, which says every few minutes that the way is whole' })),
  table('Nobody is paged: every receiver is the lab itself', HEADS, body));
  const off = ctx.live.on('notification', (note) => take([note]));
  const again = ctx.live.on('live', ask);
  ask();
  return () => {
    off();
    again();
  };

  async function ask() {
    try {
      take(await ctx.api.get('/api/alerts/notifications', { limit: MOST }));
    } catch (problem) {
      ctx.toast(problem.message, 'bad');
    }
  }

  function take(some) {
    const all = new Map([...notes, ...some].map((note) => [note.id, note]));
    notes = [...all.values()].sort((one, other) => other.id - one.id).slice(0, MOST);
    const known = new Set([...who.options].map((option) => option.value));
    for (const name of new Set(notes.map((note) => note.receiver))) if (!known.has(name)) who.append(h('option', { value: name, text: name }));
    show();
  }

  function show() {
    const shown = notes.filter((note) => (!who.value || note.receiver === who.value) && (watchdog.checked || who.value || note.receiver !== 'watchdog'));
    // Old ones do not say why.
    root.classList.toggle('no-reasons', !notes.some((note) => note.notification_reason));
    fill(body, shown.length ? shown.map(row) : h('tr', {}, h('td', { class: 'empty', colspan: HEADS.length, text: 'Nobody was told of anything yet.' })));
  }
}

function row(note) {
  const one = (alert) => h('li', {}, alert.status === 'firing' ? '● ' : '✓ ', h('strong', { text: alert.labels.alertname }), ' ', labels(alert.labels));
  return tableRow(HEADS, h('td', { class: 'number', text: clock(note.received_at_ms) }), h('th', { scope: 'row', text: note.receiver }),
    h('td', {}, h('span', { class: ['tag', note.status === 'firing' ? 'bad' : 'good'], text: note.status === 'firing' ? '● firing' : '✓ resolved' })),
    h('td', {}, h('ul', { class: 'plain' }, note.alerts.map(one)), note.truncated_alerts ? `and ${note.truncated_alerts} more` : ''),
    h('td', { class: 'dim', text: (note.notification_reason ?? '').replace('NOTIFY_REASON_', '').replaceAll('_', ' ').toLowerCase() }));
}
