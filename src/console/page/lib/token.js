// The lab's token, for a lab that listens beyond its own machine: asked for once, kept until the tab is closed.

import { h } from './dom.js';

const KEY = 'doorbuster-token';
let asking = null;

export function token() {
  return sessionStorage.getItem(KEY) ?? '';
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
}

/** Asks the person; true when there is an answer. Several calls at once ask once. The audience has no token. */
export function askForToken() {
  if (document.body.dataset.view === 'audience') return Promise.resolve(false);
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

function ask() {
  return new Promise((answer) => {
    const field = h('input', { type: 'password', id: 'token', autocomplete: 'off', required: true });
    const form = h('form', { method: 'dialog', class: 'stack' },
      h('h2', { id: 'token-title' }, 'This lab asks for its token'),
      h('p', { class: 'dim' }, 'The token that the presenter or the instructor gave you. It is kept in this tab.'),
      h('label', { for: 'token' }, 'Token'), field,
      h('div', { class: 'row' },
        h('button', { class: 'button primary', value: 'yes' }, 'Go on'),
        h('button', { class: 'button', value: 'no', formnovalidate: true }, 'Not now')));
    const dialog = h('dialog', { 'aria-labelledby': 'token-title' }, form);
    dialog.addEventListener('close', () => {
      const given = dialog.returnValue === 'yes' ? field.value.trim() : '';
      if (given) {
        sessionStorage.setItem(KEY, given);
        document.dispatchEvent(new Event('token'));
      }
      dialog.remove();
      answer(given !== '');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
