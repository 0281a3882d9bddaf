// A question before something that cannot be taken back.

import { h } from './dom.js';

/**
 * Asks `title`, with `text` below it; resolves to whether the person wants it, which `yes` says. The focus is on `no`: a
 * key that was pressed once too often changes nothing.
 */
export function sure(title, text, yes, no = 'Leave it') {
  return new Promise((answer) => {
    const dialog = h('dialog', { 'aria-labelledby': 'sure-title' },
      h('h2', { id: 'sure-title', text: title }), h('p', { text }),
      h('form', { class: 'row', method: 'dialog' },
        h('button', { class: 'button danger', value: 'yes' }, yes), h('button', { class: 'button', value: 'no', autofocus: true }, no)));
    dialog.addEventListener('close', () => {
      dialog.remove();
      answer(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
