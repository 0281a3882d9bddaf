// What is broken right now, in plain words, each with a switch of its own.

import { clearFault } from '../../lib/actions.js';
import { h } from '../../lib/dom.js';
import { exactly, isUnderneath, words } from '../../lib/faultwords.js';
import { duration } from '../../lib/format.js';
import { lines } from '../../lib/lines.js';
import { live } from '../../lib/live.js';

export function faults() {
  const none = h('p', { class: 'dim' });
  const own = lines(h('ul'), line);
  const under = lines(h('ul'), line);
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

function line(id) {
  const sentence = h('p');
  const whose = h('span');
  const struck = h('span', { class: 'struck' });
  const more = h('p', { class: 'dim' }, whose, ' ', struck);
  const off = h('button', { type: 'button', class: 'button', on: { click: () => clearFault(id) } }, 'Off');
  return {
    node: h('li', { dataset: { fault: id } }, h('div', { class: 'grow' }, sentence, more), off),
    say(fault) {
      const first = fault.count?.first_hit_ms;
      const text = words(fault);
      sentence.title = exactly(fault);
      if (sentence.textContent !== text) sentence.textContent = text;
      whose.textContent = `${id} · ${fault.source}`;
      struck.textContent = first ? `· first after ${duration(Math.max(0, first - Date.parse(fault.since)))}` : '';
      off.setAttribute('aria-label', `Switch off: ${text}`);
    },
  };
}
