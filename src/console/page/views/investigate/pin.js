// The button that pins a trace: the lab keeps it until it is unpinned, however much comes.

import { h } from '../../lib/dom.js';

export function pinButton(ctx, tree) {
  let pinned = tree.pinned;
  const button = h('button', { type: 'button', class: 'button inv-pin', on: { click: () => change().catch((problem) => ctx.toast(problem.detail || problem.message)) } });
  const show = () => {
    button.textContent = pinned ? '★ Pinned' : '☆ Pin';
    button.setAttribute('aria-pressed', String(pinned));
    button.title = pinned ? 'The lab keeps this trace until it is unpinned or the lab ends' : 'Keep this trace until it is unpinned';
  };
  const change = async () => {
    const path = `/api/traces/${tree.trace_id}/pin`;
    await (pinned ? ctx.api.del(path) : ctx.api.put(path));
    pinned = !pinned;
    show();
  };
  show();
  return button;
}
