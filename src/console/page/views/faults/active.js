// The faults that are active, each with its own switch.

import { fill, h } from '../../lib/dom.js';
import { exactly, words } from '../../lib/faultwords.js';
import { ago, rate } from '../../lib/format.js';

/** A list of them; `edit(fault)` takes one into the form. */
export function activeFaults(ctx, edit) {
  const list = h('ul', { class: 'bench-active' });
  const place = h('section', { class: 'panel', 'aria-labelledby': 'bench-active-title' }, h('h2', { id: 'bench-active-title', text: 'Active now' }), list);
  const show = (faults) => {
    const focused = document.activeElement?.dataset?.key;
    fill(list, ...faults.map((fault) => item(fault)));
    const isExercise = ctx.live.last('mode')?.mode === 'exercise';
    if (!faults.length) list.append(h('li', { class: 'dim', text: isExercise ? 'Not said while somebody looks for it.' : 'Nothing is broken.' }));
    if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  };
  const item = (fault) =>
    h('li', {},
      h('div', { class: 'grow' },
        h('b', { text: fault.id }),
        h('p', { class: 'bench-note', title: exactly(fault), text: `${words(fault)}. From ${fault.source}, ${ago(fault.since)}; it struck ${rate(fault.count.hit)} ${fault.count.hit === 1 ? 'time' : 'times'}.` })),
      h('button', { type: 'button', class: 'button quiet', dataset: { key: `edit ${fault.id}` }, 'aria-label': `Edit ${fault.id}`, on: { click: () => edit(fault) } }, 'Edit'),
      h('button', { type: 'button', class: 'button', dataset: { key: `end ${fault.id}` }, 'aria-label': `End ${fault.id}`, on: { click: () => end(ctx, fault.id) } }, 'End'));
  return { place, show };
}

export async function end(ctx, id) {
  try {
    await ctx.api.del(`/api/faults/${encodeURIComponent(id)}`);
    ctx.toast(`${id} has ended.`);
  } catch (problem) {
    ctx.toast(problem.detail || problem.message, 'bad');
  }
}
