// Before an exercise: who looks, how hard it is to be, and what is going to happen.

import { h } from '../../lib/dom.js';
import { ago } from '../../lib/format.js';
import { alias, rememberAlias } from './mine.js';

const SAYS = {
  easy: 'one look at the right signal shows it',
  medium: 'it takes two signals that agree',
  hard: 'what is seen first is not the cause',
};

export function begin(root, ctx, began) {
  const joins = h('p', { class: 'tag warn takes', hidden: true });
  const wrong = h('p', { class: 'wrong bad', role: 'alert' });
  const name = h('input', { id: 'alias', name: 'alias', required: true, maxlength: 40, autocomplete: 'off', value: alias() });
  const levels = h('fieldset', { class: 'levels' }, h('legend', { text: 'How hard' }), level('', 'any', 'drawn from all', true));
  const seed = h('input', { id: 'seed', name: 'seed', inputmode: 'numeric', pattern: '[0-9]{1,9}', autocomplete: 'off' });
  const repeat = h('details', {}, h('summary', { text: 'Repeat an exercise' }),
    h('div', { class: 'field' }, h('label', { for: 'seed', text: 'Seed: the same number and difficulty draw the same exercise' }), seed));
  const go = h('button', { class: 'button primary', type: 'submit' }, 'Begin');

  const form = h('form', { class: 'panel stack begin', on: { submit } },
    h('h2', { text: 'Find out what is wrong' }),
    h('p', {}, 'Something in the shop is going to break within about two minutes, and nobody says what. Look for it in ',
      h('a', { href: '#/investigate' }, 'Investigate'), ', in ', h('a', { href: '#/alerts' }, 'Alerts'),
      ', or with tools of your own. Then come back and say: which service, where in it, what kind of fault, since when, and one trace that shows it.'),
    h('p', { class: 'dim', text: 'It takes the stage: what runs now ends. Until you are done, no answer of the lab names the scenario. Your alias stays on this machine.' }),
    joins,
    h('div', { class: 'field' }, h('label', { for: 'alias', text: 'Your alias' }), name),
    levels,
    repeat,
    h('div', { class: 'row' }, go, wrong));
  root.append(form);

  ctx.api.get('/api/exercises').then((all) => {
    for (const { difficulty, count } of all.count) levels.append(level(difficulty, difficulty, `${count}: ${SAYS[difficulty] ?? ''}`));
    if (all.under_way_since_ms) {
      joins.textContent = `One is under way; it began ${ago(all.under_way_since_ms)}. You join it.`;
      levels.hidden = repeat.hidden = true;
      joins.hidden = false;
      go.textContent = 'Join';
    }
  }).catch((problem) => { wrong.textContent = problem.message; });

  function level(value, title, says, isChecked = false) {
    return h('label', { class: 'level' }, h('input', { type: 'radio', name: 'difficulty', value, checked: isChecked }),
      h('span', {}, h('strong', { text: title }), ' ', h('span', { class: 'dim', text: says })));
  }

  async function submit(event) {
    event.preventDefault();
    wrong.textContent = '';
    go.disabled = true;
    const body = { alias: name.value.trim() };
    const difficulty = new FormData(form).get('difficulty');
    if (difficulty) body.difficulty = difficulty;
    if (seed.value.trim()) body.seed = Number(seed.value);
    try {
      rememberAlias(body.alias);
      began(await ctx.api.post('/api/exercises/start', body));
    } catch (problem) {
      wrong.textContent = problem.message;
      go.disabled = false;
    }
  }
}
