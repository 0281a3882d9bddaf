// Tables that fit a phone: there each row is a card, and each cell says what it is.

import { h } from './dom.js';

/** A row of a table: each cell knows its head, for screens on which a row is a card. */
export function tableRow(heads, ...cells) {
  cells.forEach((cell, index) => (cell.dataset.head = heads[index]));
  return h('tr', {}, cells);
}

/** A table with its caption and heads. One that is wider than a phone is moved by keys as well. */
export function table(caption, heads, body) {
  return h('div', { class: 'panel scroll', role: 'region', tabindex: '0', 'aria-label': caption }, h('table', { class: 'cards' }, h('caption', { text: caption }),
    h('thead', {}, h('tr', {}, heads.map((text) => h('th', { scope: 'col', text })))), body));
}
