// Verify: plays scenarios on this lab and judges what they promise, as it happens.

import { h, fill } from '../../lib/dom.js';
import { duration, stopwatch } from '../../lib/format.js';
import { table, tableRow } from '../../lib/table.js';

const VERDICTS = { kept: ['✓ kept', 'good'], broken: ['✗ broken', 'bad'], could_not_tell: ['? could not tell', 'warn'] };
const STATES = { idle: 'Nothing has been verified yet.', under_way: 'Under way', done: 'Done', ended: 'Ended', failed: 'It could not go on' };
const HEADS = ['Alert or metric', 'Promise', 'After', 'Observed', 'Bound', 'At most', 'Verdict'];
const MOST_LINES = 500;

export function verify(root, ctx) {
  const choice = h('select', { id: 'verify-scenarios', multiple: true, size: 8 });
  const hurry = h('input', { type: 'checkbox', id: 'hurry', checked: true });
  const go = h('button', { class: 'button primary', type: 'submit' }, 'Verify');
  const end = h('button', { class: 'button danger', type: 'button', hidden: true, on: { click: stop } }, 'End it');
  const head = h('p', { role: 'status' });
  const lines = h('pre', { class: 'said', role: 'region', tabindex: 0, 'aria-label': 'What has happened' });
  const reports = h('div', { class: 'stack' });
  let now = null;

  root.append(h('div', { class: 'verify' },
    h('form', { class: 'panel stack', on: { submit } },
      h('h2', { text: 'Prove that alerts arrive' }),
      h('p', { text: 'Plays scenarios on this lab with its own Prometheus and Alertmanager, and judges each promise: what fires, who is told, what is held back, what is over.' }),
      h('p', { class: 'tag warn takes', text: 'It takes the stage: what runs now ends, and whoever touches something meanwhile disturbs it.' }),
      h('div', { class: 'field' }, h('label', { for: 'verify-scenarios', text: 'Scenarios (several with Ctrl or Shift)' }), choice),
      h('div', { class: 'row' }, hurry, h('label', { for: 'hurry', text: 'Go on as soon as all that a phase promises has been seen' })),
      h('div', { class: 'row' }, go, end)),
    h('section', { class: 'panel stack', 'aria-label': 'Progress' }, head, lines)), reports);

  ctx.live.also?.('verify');
  const off = ctx.live.on('verify', step);
  const again = ctx.live.on('live', look);
  const timer = setInterval(tick, 1_000);
  offer();
  look();
  return () => {
    off();
    again();
    clearInterval(timer);
  };

  async function offer() {
    try {
      const all = await ctx.api.get('/api/scenarios');
      fill(choice, all.filter((one) => one.title).map((one) => h('option', { value: one.name, text: one.title ? `${one.title} (${one.name})` : one.name })));
    } catch (problem) {
      ctx.toast(problem.message, 'bad');
    }
  }

  async function look() {
    try {
      show(await ctx.api.get('/api/verify'));
    } catch (problem) {
      head.textContent = problem.message;
    }
  }

  function step(one) {
    if (!now || one.state !== now.state || one.judged !== now.reports.length) {
      look();
      return;
    }
    now.scenario = one.scenario;
    now.lines.push(one.line);
    say();
    tick();
  }

  function show(all) {
    now = all;
    const isOn = now.state === 'under_way';
    go.disabled = isOn;
    end.hidden = !isOn;
    say();
    tick();
    fill(reports, now.reports.map(report));
  }

  function say() {
    const isAtEnd = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 4;
    now.lines = now.lines.slice(-MOST_LINES);
    lines.textContent = now.lines.join('\n');
    if (isAtEnd) lines.scrollTop = lines.scrollHeight;
  }

  function tick() {
    if (!now) return;
    const about = now.state === 'under_way'
      ? `: ${now.scenario ?? 'waiting until all is ready'}, ${now.reports.length} of ${now.scenarios.length} judged, ${stopwatch((Date.now() - now.started_ms) / 1_000)}`
      : now.why ? `: ${now.why}` : now.ended_ms ? ` after ${duration(now.ended_ms - now.started_ms)}` : '';
    head.textContent = `${STATES[now.state] ?? now.state}${about}`;
  }

  async function submit(event) {
    event.preventDefault();
    const scenarios = [...choice.selectedOptions].map((option) => option.value);
    if (!scenarios.length) {
      ctx.toast('choose at least one scenario', 'bad');
      choice.focus();
      return;
    }
    try {
      show(await ctx.api.post('/api/verify', { scenarios, hurry: hurry.checked }));
    } catch (problem) {
      ctx.toast(problem.message, 'bad');
    }
  }

  async function stop() {
    try {
      show(await ctx.api.del('/api/verify'));
    } catch (problem) {
      ctx.toast(problem.message, 'bad');
    }
  }
}

function report(one) {
  const [mark, tone] = VERDICTS[one.outcome] ?? [one.outcome, ''];
  const time = (ms) => (ms === null ? '–' : duration(ms));
  const row = (finding) => tableRow(HEADS,
    h('th', { scope: 'row', class: 'about', text: finding.about }), h('td', { text: finding.claim }), h('td', { text: finding.after || '–' }),
    h('td', { class: 'number', text: time(finding.observed_ms) }), h('td', { class: 'number', text: time(finding.bound_ms) }), h('td', { class: 'number', text: time(finding.at_most_ms) }),
    h('td', {}, h('span', { class: ['tag', (VERDICTS[finding.verdict] ?? ['', ''])[1]], text: (VERDICTS[finding.verdict] ?? [finding.verdict])[0] }), finding.verdict === 'kept' ? null : ` ${finding.words}`));
  return h('section', { 'aria-label': one.title }, h('h2', {}, one.title, ' ', h('span', { class: ['tag', tone], text: mark })),
    table(`${one.scenario}, ${duration(one.took_ms)}`, HEADS, h('tbody', {}, one.findings.map(row))));
}
