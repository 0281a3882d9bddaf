// A button that holds a list still while somebody reads it.

import { h } from '../../lib/dom.js';

/** `go` is called whenever the list may go on. */
export function holdButton(go) {
  let held = false;
  const button = h('button', { type: 'button', class: 'button', 'aria-pressed': 'false', on: { click: toggle } }, 'Hold');
  function toggle() {
    held = !held;
    button.setAttribute('aria-pressed', String(held));
    button.textContent = held ? 'Go on' : 'Hold';
    if (!held) go();
  }
  return {
    button,
    isHeld: () => held,
    release: () => held && toggle(),
  };
}
