// While somebody looks: the clock, hints and what they cost, and the form for the answer.

import { h, fill } from '../../lib/dom.js';
import { clock, stopwatch } from '../../lib/format.js';
import { sure } from '../../lib/sure.js';
import { answerForm } from './form.js';

export function running(root, ctx, first, turn) {
  let run = first;
  const ahead = Date.now() - first.now_ms;
  const time = h('p', { class: 'stopwatch', role: 'timer', 'aria-label': 'Time since the start' });
  const cost = h('p', { class: 'dim' });
  const noticed = h('div', { class: 'row' });
  const hints = h('ol', { class: 'hints' });
  const more = h('button', { class: 'button', type: 'button', on: { click: () => ask('hint') } });

  root.append(h('div', { class: 'running' },
    h('section', { class: 'panel stack', 'aria-label': 'Progress' },
      h('div', { class: 'row' }, h('h2', { class: 'grow', text: `${first.alias} is looking` }), first.difficulty && h('span', { class: 'tag', text: first.difficulty }), first.seed !== null && h('span', { class: 'tag', text: `seed ${first.seed}` })),
      time, noticed,
      h('p', {}, 'Look around: ', link('#/investigate/traces', 'traces'), ' · ', link('#/investigate/logs', 'logs'), ' · ',
        link('#/investigate/graph', 'service graph'), ' · ', link('#/alerts', 'alerts')),
      h('div', { class: 'row' }, more, cost), hints,
      h('button', { class: 'button quiet', type: 'button', on: { click: giveUp } }, 'Give up')),
    answerForm(ctx, (answer) => ask('answer', answer))));

  const tick = () => { time.textContent = stopwatch((Date.now() - ahead - run.started_ms) / 1_000); };
  show();
  tick();
  const timer = setInterval(tick, 1_000);
  return () => clearInterval(timer);

  function show() {
    fill(noticed, run.noticed_ms
      ? h('p', { class: 'tag good', text: `You saw it at ${clock(run.noticed_ms)}` })
      : h('button', { class: 'button primary', type: 'button', on: { click: () => ask('notice') } }, 'Something is wrong'),
    run.noticed_ms ? null : h('span', { class: 'dim', text: 'Say so as soon as you see it: it stops the first of two clocks. Too early costs 5 points.' }));
    fill(hints, run.hints.map((hint) => h('li', {}, hint.text, ' ', h('span', { class: 'dim', text: `(−${hint.cost})` }))));
    more.textContent = run.next_hint_cost ? `Hint (−${run.next_hint_cost} points)` : 'No hints left';
    more.disabled = !run.next_hint_cost;
    cost.textContent = run.cost ? `${run.cost} points spent` : '';
  }

  async function ask(what, body) {
    const alarms = run.false_alarms;
    try {
      run = await ctx.api.post(`/api/exercises/${run.id}/${what}`, body);
    } catch (problem) {
      if (what === 'answer' && problem.field) throw problem;
      ctx.toast(problem.message, 'bad');
      return;
    }
    if (run.false_alarms > alarms) ctx.toast('Nothing was wrong yet: a false alarm', 'bad');
    if (run.state === 'under_way') show();
    else turn(run);
  }

  async function giveUp() {
    if (await sure('Give up?', 'You get no points, and the debrief when everybody is done.', 'Give up', 'Go on looking')) ask('give-up');
  }
}

const link = (href, text) => h('a', { href }, text);
