// What to say now, and what comes next.

import { course } from '../../lib/course.js';
import { h } from '../../lib/dom.js';
import { stopwatch } from '../../lib/format.js';
import { live } from '../../lib/live.js';

const IDLE = {
  calm: { title: 'No scenario', cue: 'Normal or Black Friday begins one.' },
  exercise: { title: 'An exercise', cue: 'Somebody looks for what is wrong. Nobody says it before they have.' },
};

export function cues() {
  const phase = h('h2', { id: 'phase' });
  const now = h('p', { class: 'cue', id: 'cue', 'aria-live': 'polite' });
  const when = h('span', { class: 'when' });
  const next = h('p', { class: 'next-cue', id: 'next-cue' });
  const following = h('div', { class: 'next' }, h('p', { class: 'dim' }, 'Next ', when), next);
  const show = () => {
    const running = course.now();
    const idle = IDLE[live.last('mode')?.mode] ?? IDLE.calm;
    say(phase, running ? `Now: ${running.phase}` : idle.title);
    say(now, running ? running.cue ?? 'There is nothing to say here.' : idle.cue);
    following.hidden = !running?.next_phase;
    if (!running?.next_phase) return;
    say(when, `${running.next_phase}${running.nextIn === null ? ', when it goes on' : ` in ${stopwatch(Math.ceil(running.nextIn))}`}`);
    say(next, running.next_cue ?? '');
  };
  const offs = [live.on('scenario', show), live.on('mode', show)];
  const timer = setInterval(show, 500);
  show();
  return {
    node: h('div', { class: 'cues' }, phase, now, following),
    off() {
      offs.forEach((off) => off());
      clearInterval(timer);
    },
  };
}

/** Only what changes is written: a reader of the screen would hear the rest again. */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
