// Any other scenario: by its title and its story. Enter starts the one that is highlighted, and none when none is.

import { startScenario } from '../../lib/actions.js';
import { api } from '../../lib/api.js';
import { fill, h } from '../../lib/dom.js';
import { duration } from '../../lib/format.js';
import { live } from '../../lib/live.js';
import { toast } from '../../lib/toast.js';

export async function openPicker() {
  if (document.getElementById('picker')) return;
  let all;
  try {
    all = await api.get('/api/scenarios');
  } catch (problem) {
    toast(problem.message, 'bad');
    return;
  }
  // Asked for twice, it opens once.
  if (document.getElementById('picker')) return;
  const list = h('ul', { class: 'picker' });
  const search = h('input', { type: 'search', id: 'picker-search', autocomplete: 'off', placeholder: 'pool, Brazil, query …', 'aria-describedby': 'picker-hint', on: { input: () => show(), keydown: (event) => walk(event) } });
  const hint = h('p', { class: 'dim', id: 'picker-hint', role: 'status' });
  let found = [];
  let on = -1;
  const seed = h('input', { type: 'number', id: 'picker-seed', min: '0', step: '1', placeholder: 'its own' });
  const dialog = h('dialog', { id: 'picker', class: 'wide', 'aria-labelledby': 'picker-title' },
    h('h2', { id: 'picker-title' }, 'Choose a scenario'),
    h('div', { class: 'row' },
      h('div', { class: 'field grow' }, h('label', { for: 'picker-search' }, 'Find'), search),
      h('div', { class: 'field' }, h('label', { for: 'picker-seed' }, 'Seed'), seed)),
    hint, list,
    h('form', { method: 'dialog' }, h('button', { class: 'button' }, 'Close')));
  const begin = async (name) => {
    const isDone = await startScenario(name, seed.value === '' ? undefined : Number(seed.value));
    if (isDone) dialog.close();
  };
  const show = () => {
    const wanted = search.value.trim().toLowerCase();
    found = all.filter((one) => `${one.name} ${one.title} ${one.story}`.toLowerCase().includes(wanted));
    fill(list, found.length ? found.map((one) => choice(one, begin)) : h('li', { class: 'dim' }, 'No scenario says that.'));
    // What somebody types names one; an empty field names none.
    highlight(wanted && found.length ? 0 : -1);
  };
  const highlight = (index) => {
    on = index;
    [...list.children].forEach((row, at) => row.toggleAttribute('data-on', at === on));
    if (on >= 0) list.children[on].scrollIntoView({ block: 'nearest' });
    hint.textContent = on >= 0 ? `Enter starts: ${found[on].title || found[on].name}` : '↓ and ↑ choose a scenario, Enter starts it.';
  };
  const walk = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || (!step && event.key !== 'Enter')) return;
    event.preventDefault();
    if (step && found.length) highlight(Math.min(found.length - 1, Math.max(0, on + step)));
    if (event.key === 'Enter' && on >= 0 && !event.repeat) list.children[on].querySelector('button').click();
  };
  show();
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  search.focus();
}

function choice(one, begin) {
  const isOn = live.last('scenario')?.name === one.name;
  const lasts = one.lasts_seconds ? duration(one.lasts_seconds * 1_000) : 'until it is ended';
  return h('li', {},
    h('div', { class: 'grow' }, h('h3', {}, one.title || one.name, isOn && ' (on stage)'),
      h('p', {}, one.story), h('p', { class: 'dim' }, `${one.name} · ${one.phases.length} ${one.phases.length === 1 ? 'phase' : 'phases'} · ${lasts}`),
      one.error && h('p', { class: 'bad' }, one.error)),
    h('button', { type: 'button', class: 'button primary', disabled: !one.title, 'aria-label': `Start ${one.title || one.name}`, on: { click: () => begin(one.name) } }, 'Start'));
}
