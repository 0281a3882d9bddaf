// Exercises: begin one, look for what is wrong, say what it is, be told. The instructor sees everybody's.

import { h, fill } from '../lib/dom.js';
import { poll } from '../lib/poll.js';
import { begin } from './exercises/begin.js';
import { debrief } from './exercises/debrief.js';
import { overview } from './exercises/overview.js';
import { remembered, remember } from './exercises/mine.js';
import { running } from './exercises/running.js';

const LOOK_MS = 3_000;

export function mount(root, ctx) {
  const place = h('section', { class: 'exercises stack', 'aria-label': 'Exercises' });
  const isInstructor = (ctx.route?.rest ?? location.hash.split('/').slice(2))[0] === 'overview';
  let shown = null;
  let leave = () => {};
  let isOver = false;

  root.append(
    h('div', { class: 'row exercises-head' },
      h('h1', { class: 'grow', text: isInstructor ? 'Exercises: everybody' : 'Exercises' }),
      isInstructor
        ? h('a', { class: 'button', href: '#/exercises' }, 'My exercise')
        : h('a', { class: 'button quiet presenters', href: '#/exercises/overview' }, 'Instructor’s overview')),
    place);

  if (isInstructor) {
    leave = overview(place, ctx);
    return () => leave();
  }

  function show(name, view) {
    if (isOver) return;
    leave();
    shown = name;
    fill(place);
    leave = view() ?? (() => {});
  }

  const toBegin = () => show('begin', () => begin(place, ctx, (run) => {
    remember(run.id);
    turn(run);
  }));
  const another = () => {
    remember(null);
    toBegin();
  };

  function turn(run) {
    const name = run.state === 'under_way' ? `running ${run.id}` : `over ${run.id} ${run.is_awaiting_others}`;
    if (name === shown) return;
    if (run.state === 'under_way') show(name, () => running(place, ctx, run, turn));
    else show(name, () => debrief(place, ctx, run, another));
  }

  // Calm, or a presenter, may end it from elsewhere.
  async function look() {
    const id = remembered();
    if (!id) {
      if (shown === null) toBegin();
      return;
    }
    try {
      turn(await ctx.api.get(`/api/exercises/${id}`));
    } catch (problem) {
      if (problem.status === 404) another();
      else if (shown === null) fill(place, h('p', { class: 'panel empty', text: problem.message }));
    }
  }

  const looking = poll(look, LOOK_MS);
  return () => {
    isOver = true;
    looking.stop();
    leave();
  };
}
