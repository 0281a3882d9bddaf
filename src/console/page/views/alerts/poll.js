// Asks again and again, one question at a time, and says when there is no answer.

import { h, fill } from '../../lib/dom.js';

/** Calls `show` with each answer of `ask`, every `everyMs`; what keeps it from answering stands in `place`. */
export function poll(place, everyMs, ask, show) {
  let isOver = false;
  let timer = 0;
  async function turn() {
    clearTimeout(timer);
    try {
      const answer = await ask();
      if (isOver) return;
      fill(place);
      show(answer);
    } catch (problem) {
      if (isOver) return;
      fill(place, h('p', { class: 'panel empty', role: 'status', text: problem.message }));
    }
    timer = setTimeout(turn, everyMs);
  }
  turn();
  return {
    now: turn,
    end() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
