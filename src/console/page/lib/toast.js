// Short notes at the edge of the page: what was done, and what could not be.

import { h } from './dom.js';

const STAYS_MS = { info: 5_000, bad: 12_000 };
const MOST = 4;

/** Shows `text`; `bad` is read out at once and stays longer. */
export function toast(text, kind = 'info') {
  const place = document.getElementById('toasts');
  // What an operator does is no business of the audience.
  if (!place || document.body.dataset.view === 'audience') return;
  // Said again, it stays longer and takes no more room.
  for (const same of [...place.children].filter((one) => one.dataset.text === text)) same.remove();
  const close = () => note.remove();
  const note = h('div', { class: `toast ${kind}`, dataset: { text }, role: kind === 'bad' ? 'alert' : 'status' },
    h('span', { text: kind === 'bad' ? `Not done: ${text}` : text }),
    h('button', { type: 'button', class: 'button quiet', 'aria-label': 'Close this note', on: { click: close } }, '×'));
  place.append(note);
  while (place.childElementCount > MOST) place.firstElementChild.remove();
  setTimeout(close, STAYS_MS[kind] ?? STAYS_MS.info);
}
