// A form made from a schema: a field for each property, a choice where one of several kinds is meant.

import { clear, h } from '../../lib/dom.js';

let numbers = 0;

/**
 * The field for `schema`. `at`: `{words, path, label, value, change(value), suggest(path)}`; a change to nothing leaves
 * it out. Every field bears its path, so that what is wrong can be said beside it.
 */
export function field(schema, at) {
  const plain = at.words.plain(schema);
  if (plain.oneOf) return variants(plain, at);
  if (plain.enum) return choice(plain, at);
  if (plain.type === 'array') return list(plain, at);
  if (plain.type === 'object') return plain.properties ? group(plain, at) : weights(plain, at);
  return text(plain, at);
}

/** The fields of an object's properties, side by side. `order` puts some first; `without` leaves some out. */
export function properties(plain, at, { without = [] } = {}) {
  const value = at.value || {};
  return Object.entries(plain.properties)
    .filter(([name]) => !without.includes(name))
    .map(([name, schema]) =>
      field(schema, {
        ...at,
        path: at.path ? `${at.path}.${name}` : name,
        label: spoken(name),
        required: plain.required?.includes(name),
        value: value[name],
        change(fresh) {
          if (fresh === undefined) delete value[name];
          else value[name] = fresh;
          at.change(value);
        },
      }),
    );
}

export const spoken = (name) => name.replace(/_/g, ' ');

function labelled(at, plain, input, note) {
  const id = `fault-field-${++numbers}`;
  const wrong = h('p', { class: 'wrong', id: `${id}-wrong`, hidden: true });
  input.id = id;
  if (plain.description) input.title = note ?? plain.description;
  input.setAttribute('aria-describedby', `${id}-note ${id}-wrong`);
  return h(
    'div',
    { class: 'field bench-field', dataset: { path: at.path } },
    h('label', { for: id }, at.label),
    input,
    h('p', { class: 'bench-note', id: `${id}-note`, text: note ?? plain.description }),
    wrong,
  );
}

function text(plain, at) {
  const isNumber = plain.type === 'integer' || plain.type === 'number';
  const listed = `fault-list-${++numbers}`;
  const options = h('datalist', { id: listed });
  const input = h('input', {
    type: isNumber ? 'number' : 'text',
    value: at.value ?? '',
    placeholder: plain.examples?.[0] ?? (at.required || isNumber ? null : 'any'),
    min: plain.minimum ?? null,
    max: plain.maximum ?? null,
    list: isNumber ? null : listed,
    autocomplete: 'off',
    spellcheck: 'false',
    on: {
      focus: () => clear(options).append(...at.suggest(at.path).map((value) => h('option', { value }))),
      input: () => at.change(read()),
    },
  });
  const read = () => (input.value.trim() === '' ? undefined : isNumber ? Number(input.value) : input.value.trim());
  const node = labelled(at, plain, input);
  node.append(options);
  return node;
}

function choice(plain, at) {
  const none = at.required ? [] : [h('option', { value: '' }, 'any')];
  const select = h('select', { on: { change: () => at.change(select.value || undefined) } },
    ...none, ...plain.enum.map((value) => h('option', { value }, value)));
  select.value = at.value ?? '';
  return labelled(at, plain, select);
}

function list(plain, at) {
  const items = at.words.plain(plain.items);
  if (!items.enum) {
    const isNumber = items.type === 'integer';
    const input = h('input', {
      type: 'text', value: (at.value || []).join(', '), placeholder: 'any', autocomplete: 'off',
      on: { input: () => at.change(split(input.value).map((one) => (isNumber && /^\d+$/.test(one) ? Number(one) : one))) },
    });
    return labelled(at, plain, input, `${plain.description || ''} Several are parted by commas.`.trim());
  }
  const chosen = new Set(at.value || []);
  const box = (value) => {
    const input = h('input', {
      type: 'checkbox', checked: chosen.has(value),
      on: {
        change() {
          if (input.checked) chosen.add(value);
          else chosen.delete(value);
          at.change(items.enum.filter((one) => chosen.has(one)));
        },
      },
    });
    return h('label', { class: 'bench-check' }, input, value);
  };
  return h('fieldset', { class: 'bench-field bench-checks', dataset: { path: at.path } },
    h('legend', { text: at.label }), ...items.enum.map(box), h('p', { class: 'wrong', hidden: true }));
}

/** `500: 2, 503: 1`: names and numbers. */
function weights(plain, at) {
  const written = Object.entries(at.value || {}).map(([name, weight]) => `${name}: ${weight}`).join(', ');
  const read = () => Object.fromEntries(split(input.value).map((pair) => {
    const [name, weight] = pair.split(/\s*[:=]\s*/);
    return [name, weight === undefined ? 1 : Number.isFinite(Number(weight)) && weight !== '' ? Number(weight) : weight];
  }));
  const input = h('input', { type: 'text', value: written, placeholder: '500: 2, 503: 1', autocomplete: 'off', on: { input: () => at.change(read()) } });
  return labelled(at, plain, input);
}

function group(plain, at) {
  if (at.required || !plain.optional) {
    return h('div', { class: 'bench-group', dataset: { path: at.path } }, ...properties(plain, at));
  }
  // What may be left out has a switch of its own.
  const inside = h('div', { class: 'bench-group', dataset: { path: at.path } });
  const fill = (value) => clear(inside).append(...properties(plain, { ...at, value }));
  const box = h('input', {
    type: 'checkbox', checked: at.value !== undefined,
    on: {
      change() {
        const value = box.checked ? {} : undefined;
        at.change(value);
        if (value) fill(value);
        else clear(inside);
      },
    },
  });
  if (at.value !== undefined) fill(at.value);
  return h('div', { class: 'bench-optional' }, h('label', { class: 'bench-check' }, box, plain.description || at.label), inside);
}

function variants(plain, at) {
  const all = at.words.variants(plain);
  const nameOf = (value) => (typeof value === 'string' ? value : Object.keys(value || {})[0]);
  const inside = h('div', { class: 'bench-variant' });
  const about = h('p', { class: 'bench-note' });
  const pick = (name, value) => {
    const variant = all.find((one) => one.name === name);
    about.textContent = variant?.description ?? '';
    clear(inside);
    if (!variant?.schema) return;
    const inner = at.words.plain(variant.schema);
    const path = `${at.path}.${name}`;
    inside.append(field(variant.schema, {
      ...at, path, value, required: true, label: inner.type === 'object' ? '' : spoken(name),
      change: (fresh) => at.change({ [name]: fresh }),
    }));
  };
  const none = at.required ? [] : [h('option', { value: '' }, 'as it is')];
  const select = h('select', {
    on: {
      change() {
        const variant = all.find((one) => one.name === select.value);
        const value = !variant ? undefined : variant.schema ? { [variant.name]: blank(at.words, variant.schema) } : variant.name;
        at.change(value);
        pick(select.value, value && variant.schema ? value[variant.name] : undefined);
      },
    },
  }, ...none, ...all.map((one) => h('option', { value: one.name }, spoken(one.name))));
  const name = nameOf(at.value);
  if (!name && at.required) {
    select.value = all[0].name;
  } else select.value = name ?? '';
  const node = labelled(at, plain, select, '');
  pick(name, typeof at.value === 'object' ? at.value[name] : undefined);
  node.append(about, inside);
  return node;
}

/** What a kind begins with: an object has fields to fill, a kind of kinds its first, a text nothing yet. */
function blank(words, schema) {
  const plain = words.plain(schema);
  if (plain.oneOf) {
    const [first] = words.variants(plain);
    return first.schema ? { [first.name]: blank(words, first.schema) } : first.name;
  }
  return plain.type === 'object' ? {} : '';
}

const split = (text) => text.split(',').map((one) => one.trim()).filter(Boolean);
