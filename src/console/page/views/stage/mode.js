// The one large switch: Normal or Black Friday.

import { MODES, switchTo } from '../../lib/actions.js';
import { h } from '../../lib/dom.js';
import { nameOf } from '../../lib/keymap.js';
import { live } from '../../lib/live.js';

const QUIET = { calm: 'Calm: nothing is broken, nothing is played.', exercise: 'An exercise is under way.' };

export function mode() {
  const buttons = MODES.map(({ name, title }) =>
    h('button', { type: 'button', id: `mode-${name}`, 'aria-pressed': 'false', on: { click: () => switchTo(name) } },
      h('span', {}, title), h('kbd', { 'aria-hidden': 'true' }, nameOf(name))));
  const other = h('p', { class: 'dim', id: 'other' });
  const show = (now) => {
    if (!now) return;
    MODES.forEach(({ name }, index) => buttons[index].setAttribute('aria-pressed', String(name === now.mode)));
    const isNamed = MODES.some(({ name }) => name === now.mode);
    const title = live.last('scenario')?.title;
    other.textContent = isNamed ? '' : QUIET[now.mode] ?? `On stage: ${title ?? now.mode}`;
    other.hidden = isNamed;
  };
  const offs = [live.on('mode', show), live.on('scenario', () => show(live.last('mode')))];
  show(live.last('mode'));
  const node = h('div', { class: 'stack tight' }, h('div', { class: 'switch large', role: 'group', 'aria-label': 'Mode' }, buttons), other);
  return { node, off: () => offs.forEach((off) => off()) };
}
