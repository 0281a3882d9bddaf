// How alerts are written: their labels, their state, and what keeps them quiet.

import { broken, h } from '../../lib/dom.js';

const STATES = { firing: ['● fires', 'bad'], pending: ['◐ pending', 'warn'], inactive: ['○ quiet', ''] };
const DULL = new Set(['alertname', 'severity', 'team', 'sloth_id', 'sloth_service', 'sloth_slo', 'sloth_severity', 'runbook_url']);

/** A word and a sign for a state; colour only helps. */
export function stateTag(state) {
  const [text, tone] = STATES[state] ?? [state, ''];
  return h('span', { class: ['tag', tone], text });
}

/** The labels that tell alerts of one name apart. */
export function labels(all, isWhole = false) {
  const shown = Object.entries(all ?? {}).filter(([name]) => isWhole || !DULL.has(name));
  return h('span', { class: 'labels' }, shown.map(([name, value]) => [h('code', { text: `${name}=${value}` }), ' ']));
}

/** An alert's name, which leads to its runbook. */
export function named(name) {
  return h('a', { href: `/runbooks/${encodeURIComponent(name)}`, target: '_blank', rel: 'noopener' }, broken(name));
}

/** Why nobody is told of an alert, in words. */
export function quiet(alert, nameOf) {
  const why = [];
  if (alert.inhibited_by?.length) why.push(`held back by ${alert.inhibited_by.map(nameOf).join(', ')}`);
  if (alert.silenced_by?.length) why.push(`silenced (${alert.silenced_by.map((id) => id.slice(0, 8)).join(', ')})`);
  if (alert.muted_by?.length) why.push(`muted in ${alert.muted_by.join(', ')}`);
  return why.join('; ');
}

/** A number as a rule's: short, whatever its size. */
export function number(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0 || Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6) return String(Number(value.toPrecision(4)));
  return value.toExponential(2);
}
