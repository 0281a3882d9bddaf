// After an exercise: the verdict part by part, what it was, and what to have looked at.

import { h } from '../../lib/dom.js';
import { clock, duration } from '../../lib/format.js';
import { table, tableRow } from '../../lib/table.js';

const PARTS = { service: 'Service', place: 'Where', kind: 'What it does', since: 'Since when', trace: 'Trace' };
const COLUMNS = ['Part', 'Judged', 'You said', 'It was', 'Points'];
const MARKS = { right: ['✓ right', 'good'], near: ['≈ nearly', 'warn'], wrong: ['✗ wrong', 'bad'], missing: ['– not said', ''] };
const HEADS = {
  answered: 'Your answer', given_up: 'You gave up', interrupted: 'It was interrupted: somebody took the stage, or the lab ended',
};

export function debrief(root, ctx, run, another) {
  const found = run.debrief;
  root.append(
    h('section', { class: 'panel stack', 'aria-label': 'Verdict' },
      h('div', { class: 'row' },
        h('h2', { class: 'grow', text: HEADS[run.state] ?? run.state }),
        run.verdict ? h('p', { class: 'score' }, h('strong', { text: String(run.verdict.points) }), ' of 100') : null),
      run.is_awaiting_others ? h('p', { class: 'tag warn' }, 'Others are still looking: the verdict and the debrief come when the last of them is done.') : null,
      run.verdict ? verdictTable(run.verdict) : null,
      h('dl', { class: 'facts' },
        fact('Time to detect', run.detect_ms === null ? 'not said' : duration(run.detect_ms)),
        fact('Time to diagnose', run.is_awaiting_others ? 'later' : run.diagnose_ms === null ? '–' : run.diagnose_ms === 0 ? 'before it broke' : duration(run.diagnose_ms)),
        fact('Hints', String(run.hints.length)), fact('False alarms', String(run.false_alarms)),
        fact('Points spent', String(run.cost)), run.seed === null ? null : fact('Seed', `${run.seed}, ${run.difficulty}`))),
    found ? told(found) : null,
    h('div', { class: 'row' },
      h('button', { class: 'button primary', type: 'button', on: { click: another } }, 'Another exercise'),
      h('a', { class: 'button', href: '#/exercises/overview' }, 'Everybody’s results')));
}

function verdictTable(verdict) {
  const row = (part) => {
    const [mark, tone] = MARKS[part.outcome] ?? [part.outcome, ''];
    return tableRow(COLUMNS, h('th', { scope: 'row', text: PARTS[part.part] ?? part.part }), h('td', {}, h('span', { class: ['tag', tone], text: mark })),
      h('td', { class: 'said', text: shown(part, part.said) || '–' }), h('td', { class: 'said', text: shown(part, part.truth) }),
      h('td', { class: 'number', text: `${part.points} of ${part.of}` }));
  };
  return table(verdict.cost ? `Hints and false alarms cost ${verdict.cost} points` : 'Each part is judged by itself', COLUMNS,
    h('tbody', {}, verdict.parts.map(row)));
}

function told(found) {
  return h('section', { class: 'panel stack', 'aria-label': 'What it was' },
    h('h2', { text: found.title }),
    h('p', {}, h('strong', { text: found.service }), ` ${found.kind} (${found.place}), since ${found.onsets_ms.map(clock).join(' and ')}.`),
    h('p', { text: found.story }),
    h('h3', { text: 'What to have looked at' }),
    h('ul', {}, found.look.map((one) => h('li', {}, h('a', { href: one.href }, one.text)))),
    found.trace_ids.length
      ? h('p', {}, 'Traces that show it: ', found.trace_ids.map((id) => [h('a', { class: 'mono', href: `#/investigate/trace/${id}` }, id.slice(0, 12)), ' ']))
      : null,
    h('p', { class: 'lesson', text: found.lesson }));
}

function shown(part, text) {
  if (part.part === 'since') return text.split(', ').filter(Boolean).map(clock).join(' or ');
  return part.part === 'trace' && text.length === 32 ? `${text.slice(0, 12)}…` : text;
}

const fact = (name, value) => h('div', {}, h('dt', { text: name }), h('dd', { text: value }));
