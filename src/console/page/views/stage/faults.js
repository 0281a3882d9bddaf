// What is broken right now, in plain words, each with a switch of its own.

import { clearFault } from '../../lib/actions.js';
import { fill, h } from '../../lib/dom.js';
import { exactly, isUnderneath, words } from '../../lib/faultwords.js';
import { duration } from '../../lib/format.js';
import { live } from '../../lib/live.js';

export function faults() {
  const node = h('div', { class: 'active-faults' });
  let isOpen = false;
  const show = (now) => {
    const all = now?.faults ?? [];
    const own = all.filter((fault) => !isUnderneath(fault));
    const under = all.filter(isUnderneath);
    // What has the focus must not be taken away by a fault that ramps.
    const focused = document.activeElement?.closest?.('[data-fault]')?.dataset.fault;
    fill(node,
      own.length ? h('ul', {}, own.map(line)) : h('p', { class: 'dim' }, live.last('mode')?.mode === 'exercise' ? 'Not said while somebody looks for it.' : 'Nothing is broken on purpose.'),
      under.length > 0 && h('details', { open: isOpen, on: { toggle: (event) => (isOpen = event.target.open) } },
        h('summary', {}, `Underneath, as every evening: ${under.length} small ${under.length === 1 ? 'fault' : 'faults'}`), h('ul', {}, under.map(line))));
    if (focused) node.querySelector(`[data-fault="${CSS.escape(focused)}"] button`)?.focus();
  };
  show(live.last('faults'));
  const offs = [live.on('faults', show), live.on('mode', () => show(live.last('faults')))];
  return { node, off: () => offs.forEach((off) => off()) };
}

function line(fault) {
  const sentence = words(fault);
  const first = fault.count?.first_hit_ms ? ` · first after ${duration(Math.max(0, fault.count.first_hit_ms - Date.parse(fault.since)))}` : '';
  return h('li', { dataset: { fault: fault.id } },
    h('div', { class: 'grow' }, h('p', { title: exactly(fault) }, sentence), h('p', { class: 'dim' }, `${fault.id} · ${fault.source}${first}`)),
    h('button', { type: 'button', class: 'button', 'aria-label': `Switch off: ${sentence}`, on: { click: () => clearFault(fault.id) } }, 'Off'));
}
