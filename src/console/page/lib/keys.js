// Listens for the keys of `keymap.js`. A key that something on the page needs itself is left alone: text in a field, Space
// on a button that was reached by keyboard, scrolling where a region that scrolls has the focus. Escape that closes,
// clears or leaves something is never half of the panic gesture.

import { fill, h } from './dom.js';
import { KEYS, rowOf } from './keymap.js';
import { toast } from './toast.js';

const TWICE_MS = 1_500;
const NO_TEXT = ['checkbox', 'radio', 'button', 'submit', 'range'];
const SCROLLS = { PageDown: 'y', PageUp: 'y', ' ': 'y', ArrowLeft: 'x', ArrowRight: 'x' };

const handlers = { list: show };
let escapedAt = -Infinity;
let isClosing = false;
let consumed = null;
/** Whether the focus was last given by a click. The browser's `:focus-visible` forgets it as soon as a key is down. */
let isClicked = false;

export const keys = { start };

const isAudience = () => document.body.dataset.view === 'audience';

/** Starts to listen. `actions`: a function for each action of the table; one that returns false leaves the key alone. */
function start(actions) {
  Object.assign(handlers, actions);
  const idle = KEYS.filter(({ action }) => !handlers[action]);
  if (idle.length) throw new Error(`keys without a handler: ${idle.map(({ action }) => action).join(', ')}`);
  // Asked before anything else handles it: by the end of the event the dialog may be gone.
  addEventListener('pointerdown', () => void (isClicked = true), { capture: true });
  addEventListener('keydown', (event) => event.key === 'Tab' && (isClicked = false), { capture: true });
  addEventListener('keydown', (event) => event.key === 'Escape' && (isClosing = closes(event.target)), { capture: true });
  addEventListener('keydown', (event) => (event.key === 'Escape' ? escape(event) : pressed(event)));
  // Some browsers press a button when Space is released.
  addEventListener('keyup', (event) => {
    if (event.key === consumed) event.preventDefault();
    consumed = null;
  });
}

/** Whether Escape has something to close, clear or leave here. */
function closes(target) {
  return Boolean(document.querySelector('dialog[open]') || document.fullscreenElement) || isField(target);
}

function escape(event) {
  if (event.repeat) return;
  if (isClosing || event.defaultPrevented) {
    escapedAt = -Infinity;
    // A search is cleared first, by the browser; any other field is left, so that the next Escape counts.
    const isCleared = event.target.type === 'search' && event.target.value;
    if (isField(event.target) && !document.querySelector('dialog[open]') && !isCleared) event.target.blur();
    return;
  }
  const now = performance.now();
  const isSecond = now - escapedAt < TWICE_MS;
  escapedAt = isSecond ? -Infinity : now;
  if (isSecond) handlers.calm();
  else toast('Esc once more: Calm');
}

function pressed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector('dialog[open]') || isUsedBy(event.target, event.key)) return;
  const row = rowOf(event, isAudience());
  if (!row) return;
  // Held down, it does what it did at first and nothing else.
  if (event.repeat) return void (event.key === consumed && event.preventDefault());
  if (handlers[row.action]?.() === false) return;
  event.preventDefault();
  consumed = event.key;
}

/** What takes text, or a choice by letters. */
function isField(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches('textarea, select')) return true;
  return target instanceof HTMLInputElement && !NO_TEXT.includes(target.type);
}

function isUsedBy(target, key) {
  if (!(target instanceof Element)) return false;
  if (isField(target) && target.tagName !== 'SELECT') return true;
  if (scrolls(target, SCROLLS[key])) return true;
  // What was clicked keeps the focus: the next key of a clicker is not meant for it.
  if (isClicked) return false;
  if (target.matches('select')) return true;
  if (target.matches('input[type=radio], input[type=range]') && key.startsWith('Arrow')) return true;
  return key === ' ' && Boolean(target.closest('button, summary, input, [role=button]'));
}

/** Whether a region that has the focus scrolls along that axis. The view itself is none: a clicker works on every view. */
function scrolls(target, axis) {
  if (!axis || !target.matches('[tabindex="0"]')) return false;
  return axis === 'y' ? target.scrollHeight > target.clientHeight + 1 : target.scrollWidth > target.clientWidth + 1;
}

function show() {
  const dialog = document.getElementById('keys') ?? h('dialog', { id: 'keys', 'aria-labelledby': 'keys-title' });
  const row = ({ names, title }) =>
    h('div', { class: 'key-row' }, h('dt', {}, names.map((name) => h('kbd', { text: name }))), h('dd', { text: title }));
  fill(dialog, h('h2', { id: 'keys-title' }, 'Keys'),
    h('dl', { class: 'keys' }, KEYS.map(row)),
    h('form', { method: 'dialog' }, h('button', { class: 'button' }, 'Close')));
  document.body.append(dialog);
  dialog.showModal();
}
