// The faults that are active, each with its own switch.

import { h } from '../../lib/dom.js';
import { exactly, words } from '../../lib/faultwords.js';
import { ago, rate } from '../../lib/format.js';
import { lines } from '../../lib/lines.js';

/** A list of them; `edit(fault)` takes one into the form. */
export function activeFaults(ctx, edit) {
  const none = h('p', { class: 'dim' });
  const list = lines(h('ul', { class: 'bench-active' }), (id) => line(ctx, id, edit));
  const place = h('section', { class: 'panel', 'aria-labelledby': 'bench-active-title' }, h('h2', { id: 'bench-active-title', text: 'Active now' }), none, list.node);
  const show = (faults) => {
    list.show(faults);
    none.hidden = faults.length > 0;
    none.textContent = ctx.live.last('mode')?.mode === 'exercise' ? 'Not said while somebody looks for it.' : 'Nothing is broken.';
  };
  return { place, show };
}

function line(ctx, id, edit) {
  let shown = null;
  const more = h('p', { class: 'bench-note' });
  return {
    node: h('li', {},
      h('div', { class: 'grow' }, h('b', { text: id }), more),
      h('button', { type: 'button', class: 'button quiet', 'aria-label': `Edit ${id}`, on: { click: () => edit(shown) } }, 'Edit'),
      h('button', { type: 'button', class: 'button', 'aria-label': `End ${id}`, on: { click: () => end(ctx, id) } }, 'End')),
    say(fault) {
      shown = fault;
      more.title = exactly(fault);
      more.textContent = `${words(fault)}. From ${fault.source}, ${ago(fault.since)}; it struck ${rate(fault.count.hit)} ${fault.count.hit === 1 ? 'time' : 'times'}.`;
    },
  };
}

export async function end(ctx, id) {
  try {
    await ctx.api.del(`/api/faults/${encodeURIComponent(id)}`);
    ctx.toast(`${id} has ended.`);
  } catch (problem) {
    ctx.toast(problem.detail || problem.message, 'bad');
  }
}
