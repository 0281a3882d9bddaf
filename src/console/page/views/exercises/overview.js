// The instructor's overview: every run by its alias, as they go.

import { h, fill } from '../../lib/dom.js';
import { clock, duration } from '../../lib/format.js';
import { poll } from '../../lib/poll.js';
import { table, tableRow } from '../../lib/table.js';

const LOOK_MS = 2_000;
const STATES = { under_way: ['looking', 'warn'], answered: ['answered', 'good'], given_up: ['gave up', 'bad'], interrupted: ['interrupted', ''] };
const HEADS = ['Alias', 'State', 'Difficulty', 'Seed', 'Began', 'Saw it', 'Found it', 'Hints', 'False alarms', 'Points', 'Incident'];

export function overview(root, ctx) {
  const body = h('tbody');
  const answers = h('input', { type: 'checkbox', id: 'answers', on: { change: () => looking.now() } });
  const empty = h('p', { class: 'empty', text: 'Nobody has begun yet.' });
  root.append(
    h('div', { class: 'row' }, answers,
      h('label', { for: 'answers', text: 'Name the incident although somebody still looks for it' })),
    table('Aliases are chosen by those who look; nothing of this leaves the machine.', HEADS, body), empty);

  async function look() {
    let rows;
    try {
      rows = await ctx.api.get('/api/exercises/runs', answers.checked ? { answers: true } : {});
    } catch (problem) {
      if (answers.checked) {
        answers.checked = false;
        ctx.toast(problem.message, 'bad');
      }
      return;
    }
    empty.hidden = rows.length > 0;
    fill(body, rows.map(row));
  }
  const looking = poll(look, LOOK_MS);
  return () => looking.stop();
}

function row(run) {
  const [state, tone] = STATES[run.state] ?? [run.state, ''];
  const seen = run.detect_ms === null ? '–' : `after ${duration(run.detect_ms)}`;
  const cells = [
    h('span', { class: ['tag', tone], text: state }), run.difficulty ?? '–', run.seed ?? '–', clock(run.started_ms), seen,
    run.diagnose_ms === null ? '–' : `after ${duration(run.diagnose_ms)}`, run.hints, run.false_alarms,
    run.points ?? '–', run.scenario ?? 'not said yet',
  ];
  return tableRow(HEADS, h('th', { scope: 'row', text: run.alias }), ...cells.map((cell) => h('td', {}, cell)));
}
