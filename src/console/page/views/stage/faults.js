// What is broken right now, in plain words, each with a switch of its own. A switch stays where it is while what is said
// beside it changes: whoever presses it must not miss it.

import { clearFault } from '../../lib/actions.js';
import { h } from '../../lib/dom.js';
import { exactly, isUnderneath, words } from '../../lib/faultwords.js';
import { duration } from '../../lib/format.js';
import { live } from '../../lib/live.js';

export function faults() {
  const none = h('p', { class: 'dim' });
  const own = lines();
  const under = lines();
  const summary = h('summary');
  const more = h('details', {}, summary, under.node);
  const show = () => {
    const all = live.last('faults')?.faults ?? [];
    own.show(all.filter((fault) => !isUnderneath(fault)));
    under.show(all.filter(isUnderneath));
    none.hidden = own.count() > 0;
    none.textContent = live.last('mode')?.mode === 'exercise' ? 'Not said while somebody looks for it.' : 'Nothing is broken on purpose.';
    more.hidden = !under.count();
    summary.textContent = `Underneath, as every evening: ${under.count()} small ${under.count() === 1 ? 'fault' : 'faults'}`;
  };
  show();
  const offs = [live.on('faults', show), live.on('mode', show)];
  return { node: h('div', { class: 'active-faults' }, none, own.node, more), off: () => offs.forEach((off) => off()) };
}

/** A list in which each fault keeps its line. */
function lines() {
  const node = h('ul');
  const known = new Map();
  return {
    node,
    count: () => known.size,
    show(all) {
      for (const [id, one] of known) {
        if (all.some((fault) => fault.id === id)) continue;
        one.node.remove();
        known.delete(id);
      }
      for (const fault of all) {
        if (!known.has(fault.id)) known.set(fault.id, line(fault.id));
        const one = known.get(fault.id);
        one.say(fault);
        if (one.node.parentNode !== node) node.append(one.node);
      }
    },
  };
}

function line(id) {
  const sentence = h('p');
  const more = h('p', { class: 'dim' });
  const off = h('button', { type: 'button', class: 'button', on: { click: () => clearFault(id) } }, 'Off');
  return {
    node: h('li', { dataset: { fault: id } }, h('div', { class: 'grow' }, sentence, more), off),
    say(fault) {
      const first = fault.count?.first_hit_ms ? ` · first after ${duration(Math.max(0, fault.count.first_hit_ms - Date.parse(fault.since)))}` : '';
      const text = words(fault);
      sentence.title = exactly(fault);
      if (sentence.textContent !== text) sentence.textContent = text;
      more.textContent = `${id} · ${fault.source}${first}`;
      off.setAttribute('aria-label', `Switch off: ${text}`);
    },
  };
}
