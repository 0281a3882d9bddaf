// The lab's answers to one question, and in their place, when there is none, why.

import { h, fill } from '../../lib/dom.js';
import { poll } from '../../lib/poll.js';

/** Calls `show` with each answer of `ask`, every `everyMs`; what keeps it from answering stands in `place`. */
export function answers(place, everyMs, ask, show) {
  return poll(
    async (isOver) => {
      const answer = await ask();
      if (isOver()) return;
      fill(place);
      show(answer);
    },
    everyMs,
    (problem) => fill(place, h('p', { class: 'panel empty', role: 'status', text: problem.message })),
  );
}
