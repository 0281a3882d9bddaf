// A log line: when, how bad, who, what, and what else it says. Whatever stands in it is shown as text.

import { h } from '../../lib/dom.js';
import { trace } from './address.js';
import { tone } from './tones.js';

const OWN = new Set(['timestamp', 'level', 'service', 'message', 'trace_id', 'span_id']);

export function logLine(line, { linked = true } = {}) {
  const more = Object.entries(line).filter(([name]) => !OWN.has(name));
  const level = String(line.level || '').toLowerCase();
  return h(
    'li',
    { class: `inv-line-log ${level}`, dataset: { span: line.span_id || '' } },
    h('time', { datetime: line.timestamp, text: wall(line.timestamp) }),
    h('span', { class: `inv-severity ${level}`, text: line.level || '–' }),
    h('span', { class: `inv-chip ${tone(line.service || '')}`, text: line.service || '–' }),
    h(
      'span',
      { class: 'inv-message' },
      h('span', { text: line.message ?? '' }),
      ...more.map(([name, value]) => h('span', { class: 'inv-pair' }, h('b', { text: name }), '=' + written(value))),
    ),
    linked && line.trace_id ? h('a', { href: trace(line.trace_id, line.span_id), 'aria-label': `Trace ${line.trace_id}` }, 'trace') : null,
  );
}

/** The same line is the same text. */
export const identity = (line) => `${line.timestamp} ${line.span_id || ''} ${line.service} ${line.message}`;

export const written = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

function wall(timestamp) {
  const at = new Date(timestamp);
  if (Number.isNaN(at.getTime())) return '–';
  const two = (number) => String(number).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}
