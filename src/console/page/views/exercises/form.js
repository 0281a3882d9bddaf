// The form for an answer. Its words come from the lab, and are the same for every exercise.

import { h, fill } from '../../lib/dom.js';
import { draft, keepDraft } from './mine.js';

const ASKS = {
  service: 'Which service is at fault?',
  place: 'Where: a country, a route, a query, or everywhere?',
  kind: 'What does it do?',
  since: 'Since when?',
  trace: 'A trace id that shows it',
};

/** A form that hands what it says to `send`, which may throw a problem with a field. */
export function answerForm(ctx, send) {
  const kept = draft();
  const fields = {
    service: h('select', { id: 'answer-service' }),
    place: h('select', { id: 'answer-place' }),
    kind: h('select', { id: 'answer-kind' }),
    since: h('input', { id: 'answer-since', type: 'time', step: 1, value: kept.since ?? '' }),
    trace: h('input', { id: 'answer-trace', class: 'mono', spellcheck: 'false', autocomplete: 'off', maxlength: 32, value: kept.trace ?? '' }),
  };
  const wrongs = {};
  const worth = {};
  // One answer counts: Enter in a field gives none.
  const go = h('button', { class: 'button primary', type: 'button', on: { click: () => submit() } }, 'Answer');
  const form = h('form', { class: 'panel stack answer', on: { submit: (event) => event.preventDefault(), change: keep, input: keep } },
    h('h2', { text: 'What is it?' }),
    Object.entries(fields).map(([name, input]) => {
      wrongs[name] = h('span', { class: 'wrong', id: `answer-${name}-wrong` });
      worth[name] = h('span', { class: 'dim' });
      input.setAttribute('aria-describedby', `answer-${name}-wrong`);
      return h('div', { class: 'field' }, h('label', { for: `answer-${name}` }, ASKS[name], ' ', worth[name]), input, wrongs[name]);
    }),
    h('p', { class: 'dim', text: 'One answer counts. What you leave out gets no points; nothing is taken off for a wrong part.' }),
    h('div', { class: 'row' }, go));

  ctx.api.get('/api/exercises').then(({ vocabulary, parts }) => {
    const none = () => h('option', { value: '', text: '…' });
    fill(fields.service, none(), vocabulary.services.map((name) => h('option', { value: name, text: name })));
    fill(fields.kind, none(), vocabulary.kinds.map(({ word, title }) => h('option', { value: word, text: title })));
    fill(fields.place, none(), vocabulary.places.map((group) => h('optgroup', { label: group.title },
      group.places.map(({ word, title }) => h('option', { value: word, text: title })))));
    for (const name of ['service', 'place', 'kind']) fields[name].value = kept[name] ?? '';
    for (const { part, points } of parts) if (worth[part]) worth[part].textContent = `(${points} points)`;
  }).catch((problem) => ctx.toast(problem.message, 'bad'));
  return form;

  function keep() {
    keepDraft(Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value])));
  }

  async function submit() {
    for (const [name, input] of Object.entries(fields)) {
      wrongs[name].textContent = '';
      input.removeAttribute('aria-invalid');
    }
    const said = (input) => input.value.trim() || undefined;
    const answer = {
      service: said(fields.service), place: said(fields.place), kind: said(fields.kind),
      since_ms: moment(fields.since.value), trace_id: said(fields.trace)?.toLowerCase(),
    };
    go.disabled = true;
    try {
      await send(answer);
    } catch (problem) {
      const name = { since_ms: 'since', trace_id: 'trace' }[problem.field] ?? problem.field;
      if (!wrongs[name]) return ctx.toast(problem.message, 'bad');
      wrongs[name].textContent = problem.message;
      fields[name].setAttribute('aria-invalid', 'true');
      fields[name].focus();
    } finally {
      go.disabled = false;
    }
    return undefined;
  }
}

/** The newest moment at which a clock on the wall showed `text`, in milliseconds since 1970. */
export function moment(text) {
  if (!text) return undefined;
  const [hours, minutes, seconds = 0] = text.split(':').map(Number);
  const at = new Date();
  at.setHours(hours, minutes, seconds, 0);
  if (at.getTime() > Date.now() + 60_000) at.setDate(at.getDate() - 1);
  return at.getTime();
}
