// Keys that do something, and the list of them that `?` shows. Who types into a field is left alone.

import { fill, h } from './dom.js';
import { toast } from './toast.js';

const TWICE_MS = 1_500;
const bound = new Map();
let escaped = 0;
let onTwice = null;

export const keys = {
  /** `fn` is called when `key` (as the browser names it: 'b', 'ArrowRight', ' ') is pressed; returns what ends that. */
  bind(key, title, fn) {
    const entry = { title, fn };
    bound.set(key, entry);
    return () => bound.get(key) === entry && bound.delete(key);
  },
  show,
  start,
};

/** Begins to listen; `calm` is called when Escape comes twice within a moment. */
function start(calm) {
  onTwice = calm;
  // Before anything else hears it: Escape also closes dialogs, and has to count there too.
  addEventListener('keydown', escape, { capture: true });
  addEventListener('keydown', pressed);
}

function escape(event) {
  if (event.key !== 'Escape' || event.repeat) return;
  const now = performance.now();
  const isSecond = now - escaped < TWICE_MS;
  escaped = isSecond ? -Infinity : now;
  if (isSecond) onTwice?.();
  else if (!document.querySelector('dialog[open]')) toast('Esc once more: Calm');
}

function pressed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector('dialog[open]')) return;
  if (event.key === '?') {
    event.preventDefault();
    show();
    return;
  }
  // A button that has the focus is pressed by these itself.
  if ([' ', 'Enter'].includes(event.key) && event.target.closest?.('button, a, summary, [role=button]')) return;
  const entry = bound.get(event.key);
  if (!entry || event.repeat) return;
  event.preventDefault();
  entry.fn(event);
}

function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  const isChoice = target instanceof HTMLInputElement && ['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return target.isContentEditable || (!isChoice && target.matches('input, textarea, select'));
}

function show() {
  const dialog = document.getElementById('keys') ?? h('dialog', { id: 'keys', 'aria-labelledby': 'keys-title' });
  const row = ([key, title]) => h('div', { class: 'key-row' }, h('dt', {}, h('kbd', { text: named(key) })), h('dd', { text: title }));
  const all = [...[...bound].map(([key, entry]) => [key, entry.title]), ['Esc Esc', 'Calm: end every fault'], ['?', 'This list']];
  fill(dialog, h('h2', { id: 'keys-title' }, 'Keys'),
    h('dl', { class: 'keys' }, all.map(row)),
    h('form', { method: 'dialog' }, h('button', { class: 'button' }, 'Close')));
  document.body.append(dialog);
  dialog.showModal();
}

function named(key) {
  if (key.length === 1 && key !== ' ') return key.toUpperCase();
  return { ' ': 'Space', ArrowRight: '→', ArrowLeft: '←', ArrowUp: '↑', ArrowDown: '↓' }[key] ?? key;
}
