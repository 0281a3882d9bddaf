// A line that says what went wrong with the last question, and is silent when nothing did.

import { h } from '../../lib/dom.js';

export function trouble() {
  const line = h('p', { class: 'inv-trouble', role: 'status', hidden: true });
  return {
    line,
    say(problem) {
      line.textContent = problem.detail || problem.message;
      line.hidden = false;
    },
    none() {
      line.hidden = true;
    },
  };
}
