// Every rule with its state, and its value against its threshold.

import { h, fill } from '../../lib/dom.js';
import { duration } from '../../lib/format.js';
import { table, tableRow } from '../../lib/table.js';
import { answers } from './answers.js';
import { labels, named, number, stateTag } from './words.js';

const EVERY_MS = 5_000;
const HEADS = ['State', 'Rule', 'Value now', 'Threshold', 'For', 'Severity', 'Team'];

export function rules(root, ctx) {
  const trouble = h('div');
  const body = h('tbody');
  const only = h('input', { id: 'only-loud', type: 'checkbox', on: { change: () => show(last) } });
  let last = [];
  root.append(trouble, h('div', { class: 'row' }, only, h('label', { for: 'only-loud', text: 'Only those that are pending or fire' })),
    table('Alert rules of Prometheus; the value is the one nearest to firing', HEADS, body));
  const asking = answers(trouble, EVERY_MS, () => ctx.api.get('/api/alerts/rules'), show);
  return () => asking.stop();

  function show(all) {
    last = all;
    const shown = all.filter((rule) => !only.checked || rule.state !== 'inactive');
    // What is opened stays open: only the rows' first cells are made anew.
    const open = new Set([...body.querySelectorAll('details[open]')].map((one) => one.dataset.rule));
    fill(body, shown.map((rule) => row(rule, open)));
  }
}

function row(rule, open) {
  const key = `${rule.group} ${rule.name} ${rule.query.length} ${JSON.stringify(rule.labels)}`;
  return tableRow(HEADS,
    h('td', {}, stateTag(rule.state), rule.firing > 1 ? h('span', { class: 'dim', text: ` ×${rule.firing}` }) : null),
    h('th', { scope: 'row' }, named(rule.name),
      h('details', { dataset: { rule: key }, open: open.has(key) }, h('summary', { class: 'dim', text: summary(rule) }), h('pre', { tabindex: 0, text: rule.query })),
      rule.last_error ? h('p', { class: 'bad', text: rule.last_error }) : null),
    h('td', {}, h('span', { class: 'number', text: number(rule.value) }), ' ', bar(rule), ' ', labels(rule.value_labels)),
    h('td', { class: 'number', text: rule.threshold === null ? '–' : `${rule.sign} ${number(rule.threshold)}` }),
    h('td', { class: 'number', text: rule.for_seconds ? duration(rule.for_seconds * 1_000) : 'at once' }),
    h('td', { text: rule.labels.severity ?? rule.labels.sloth_severity ?? '–' }),
    h('td', { text: rule.labels.team ?? '–' }));
}

// How far it is on its way to the threshold, where that is a way up.
function bar(rule) {
  if (rule.value === null || !(rule.threshold > 0) || !rule.sign.startsWith('>')) return null;
  const part = Math.max(0, Math.min(1, rule.value / rule.threshold));
  return h('meter', { min: 0, max: 1, low: 0.5, high: 0.99, optimum: 0, value: part, 'aria-label': `${Math.round(part * 100)} % of the threshold` });
}

// A rule says what it will say of a label; which one it is nobody knows before it fires.
function summary(rule) {
  return (rule.annotations.summary ?? 'expression').replace(/\{\{\s*\$labels\.(\w+)\s*\}\}/g, 'any $1');
}
