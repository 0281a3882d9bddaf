// Traces: filters, each trace as a dot, and the list.

import { fill, h } from '../../lib/dom.js';
import { clock, duration } from '../../lib/format.js';
import { remember, trace } from './address.js';
import { common } from './common.js';
import { dots } from './dots.js';
import { filters, serviceField } from './filters.js';
import { holdButton } from './hold.js';
import { poll } from '../../lib/poll.js';
import { tone } from './tones.js';
import { trouble } from './trouble.js';

const PAUSE_MS = 3_000;

export function mount(root, ctx, { query }) {
  let wanted = query;
  let listed = [];
  let over = false;
  const wrong = trouble();
  const chart = dots();
  const list = h('div', { class: 'inv-table' });
  const count = h('p', { class: 'inv-count', role: 'status' });
  const hold = holdButton(() => asking.now());
  const shared = h('div', { class: 'inv-table inv-shared' });
  const compare = h('button', { type: 'button', class: 'button', on: { click: () => common(ctx, listed, fine, shared, () => over).catch(wrong.say) } }, 'What have they in common?');
  const fields = filters('traces', wishes(ctx), query);
  root.append(h('h2', { class: 'visually-hidden', text: 'Traces' }), h('div', { class: 'inv-head' }, fields.form, hold.button), wrong.line, chart.place, h('div', { class: 'row' }, count, compare), shared, list);
  remember(query);
  // The same question about those that nothing is wrong with.
  const fine = () => {
    const { min_duration_ms, ...rest } = question(wanted);
    return ctx.api.get('/api/traces', { ...rest, status: 'ok' });
  };
  const ask = async (isOver) => {
    if (hold.isHeld()) return;
    const asked = wanted.toString();
    const found = await ctx.api.get('/api/traces', question(wanted));
    if (isOver() || asked !== wanted.toString()) return;
    wrong.none();
    count.textContent = found.length ? `${found.length} ${found.length === 1 ? 'trace' : 'traces'}, the newest first` : 'No trace fits. Fewer filters find more.';
    listed = found;
    compare.disabled = !found.length;
    chart.show(found);
    tabulate(list, found);
  };
  const asking = poll(ask, PAUSE_MS, wrong.say);
  return {
    end: () => ((over = true), asking.stop(), fields.end()),
    filter(fresh) {
      wanted = fresh;
      remember(fresh);
      shared.replaceChildren();
      fields.set(fresh);
      hold.release();
      ask(() => false).catch(wrong.say);
      return true;
    },
  };
}

function wishes(ctx) {
  return [
    serviceField(ctx),
    { name: 'route', label: 'Route', kind: 'text', hint: '/checkout' },
    { name: 'status', label: 'Ended', kind: 'choice', choices: [['', 'any'], ['error', 'with a failure'], ['ok', 'fine']] },
    { name: 'min_duration_ms', label: 'At least ms', kind: 'number', hint: '500' },
    { name: 'attribute', label: 'Attribute', kind: 'text', hint: 'shop.country=BR' },
    { name: 'seconds', label: 'Of the last s', kind: 'number', hint: '300' },
  ];
}

/** What the API is asked: several attributes are several words apart. */
export function question(query) {
  const plain = Object.fromEntries([...query].filter(([name]) => name !== 'attribute'));
  const attribute = query.getAll('attribute').flatMap((text) => text.split(/,\s*(?=[\w.]+=)/)).filter(Boolean);
  return { limit: 200, ...plain, attribute };
}

function tabulate(place, traces) {
  const focused = document.activeElement?.closest?.('.inv-table a')?.getAttribute('href');
  const heads = ['Began', 'What', 'Took', 'Spans', 'Ended', 'Services'];
  const row = (one) => {
    const failed = one.status === 'error';
    return h(
      'tr',
      {},
      h('td', { class: 'number', text: clock(one.started) }),
      h('th', { scope: 'row' }, h('a', { href: trace(one.trace_id) }, one.name), h('span', { class: 'inv-facts', text: ` begun by ${one.service}` })),
      h('td', { class: 'number', text: duration(one.duration_ms) }),
      h('td', { class: 'number', text: one.spans }),
      h('td', { class: failed ? 'inv-level many' : 'inv-level ok', text: failed ? `✕ ${one.errors} failed` : 'fine' }),
      h('td', {}, h('span', { class: 'inv-chips' }, ...one.services.map((name) => h('span', { class: `inv-chip ${tone(name)}`, text: name })))),
    );
  };
  fill(place, h(
      'table',
      {},
      h('caption', { class: 'visually-hidden', text: 'Recent traces' }),
      h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col', text })))),
      h('tbody', {}, ...traces.map(row)),
    ),
  );
  if (focused) [...place.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused)?.focus();
}
