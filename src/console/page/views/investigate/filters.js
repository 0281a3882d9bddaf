// A row of fields that narrow down what is shown. What is in them stands in the page's address.

import { h } from '../../lib/dom.js';
import { to } from './address.js';

const PAUSE_MS = 350;

/**
 * `fields`: `[{name, label, kind: 'text' | 'choice' | 'number', choices: [[value, text]], hint}]`. Answers the form, and
 * `set(query)` to fill it from an address.
 */
export function filters(part, fields, query) {
  let timer = null;
  const inputs = new Map(fields.map((field) => [field.name, input(field)]));
  const values = () => Object.fromEntries([...inputs].map(([name, node]) => [name, node.value.trim()]));
  const go = () => {
    clearTimeout(timer);
    // Not a step back for every letter.
    history.replaceState(null, '', to(part, values()));
    dispatchEvent(new HashChangeEvent('hashchange'));
  };
  const form = h(
    'form',
    {
      class: 'inv-filters',
      role: 'search',
      on: {
        submit: (event) => (event.preventDefault(), go()),
        change: go,
        input: () => (clearTimeout(timer), (timer = setTimeout(go, PAUSE_MS))),
      },
    },
    ...fields.map((field) => h('label', { class: `inv-filter ${field.kind}` }, h('span', { text: field.label }), inputs.get(field.name))),
  );
  const set = (wanted) => {
    for (const [name, node] of inputs) {
      const value = wanted.get(name) || '';
      if (node instanceof HTMLSelectElement) offer(node, value);
      if (node.value !== value && node !== document.activeElement) node.value = value;
    }
  };
  set(query);
  return { form, set, values, end: () => clearTimeout(timer) };
}

/** The field for a service. A trainee's page hears no state: it knows those that the map shows. */
export function serviceField(ctx) {
  const field = { name: 'service', label: 'Service', kind: 'choice', choices: services(ctx) };
  if (!ctx.live.isTrainee()) return field;
  const seen = ({ nodes }) => nodes.filter((one) => one.speaks).map((one) => one.service).sort();
  return { ...field, later: ctx.api.get('/api/graph').then(seen, () => []) };
}

function services(ctx) {
  const known = (ctx.live.last('state')?.services || []).filter((one) => !one.third_party).map((one) => one.service);
  return [['', 'any'], ...[...new Set([...known, 'lab'])].sort().map((name) => [name, name])];
}

function input(field) {
  if (field.kind === 'choice') {
    const select = h('select', { name: field.name }, ...field.choices.map(([value, text]) => h('option', { value }, text)));
    field.later?.then((values) => values.forEach((value) => offer(select, value)));
    return select;
  }
  const props = { name: field.name, placeholder: field.hint || null, autocomplete: 'off', spellcheck: 'false' };
  return h('input', field.kind === 'number' ? { ...props, type: 'number', min: 1 } : { ...props, type: 'text' });
}

/** A choice that is asked for but not offered, such as a service of a stranger, is offered then. */
function offer(select, value) {
  if (value && ![...select.options].some((option) => option.value === value)) select.append(h('option', { value }, value));
}
