// The scenario's phases along its time: a phase is a button that leads to its beginning.

import { jump } from '../../lib/actions.js';
import { api } from '../../lib/api.js';
import { course } from '../../lib/course.js';
import { clear, h } from '../../lib/dom.js';
import { stopwatch } from '../../lib/format.js';
import { live } from '../../lib/live.js';

const UNITS = { ms: 0.001, s: 1, m: 60, min: 60, h: 3_600 };
/** What an endless last phase is given, as a part of what was before it. */
const TAIL = 0.25;

/** "1m 30s" in seconds. */
export function seconds(text) {
  let sum = 0;
  for (const [, count, unit] of String(text).matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) sum += Number(count) * (UNITS[unit] ?? 0);
  return sum;
}

export function timeline() {
  const node = h('ol', { class: 'timeline', 'aria-label': 'Phases' });
  let name = null;
  let spans = [];
  let isGone = false;

  const begin = async () => {
    const scenario = live.last('scenario');
    if (scenario?.name === name) return show();
    name = scenario?.name ?? null;
    spans = [];
    clear(node);
    if (!name) return;
    const wanted = name;
    const starts = await phases(wanted);
    if (isGone || wanted !== name) return;
    spans = laid(starts, live.last('scenario')?.lasts_seconds);
    node.append(...spans.map((span) => span.item));
    show();
  };

  const show = () => {
    const now = course.now();
    if (!now) return;
    for (const span of spans) {
      const isOn = span.name === now.phase;
      const done = Math.min(1, Math.max(0, (now.elapsed - span.from) / (span.to - span.from)));
      span.bar.style.width = `${(done * 100).toFixed(1)}%`;
      if (isOn) span.button.setAttribute('aria-current', 'step');
      else span.button.removeAttribute('aria-current');
    }
  };

  const off = live.on('scenario', begin);
  const timer = setInterval(show, 250);
  begin();
  return {
    node,
    off() {
      isGone = true;
      off();
      clearInterval(timer);
    },
  };
}

async function phases(name) {
  try {
    const spec = await api.get(`/api/scenarios/${encodeURIComponent(name)}`);
    return spec.phases.map((phase) => ({ name: phase.name, from: seconds(phase.at) }));
  } catch {
    // Its file may be gone while it runs: the names are known, the times are not.
    return (live.last('scenario')?.phases ?? []).map((phase, index) => ({ name: phase, from: index }));
  }
}

function laid(starts, lasts) {
  const last = starts.at(-1)?.from ?? 0;
  const end = Math.max(lasts ?? 0, last + Math.max(20, last * TAIL));
  return starts.map(({ name, from }, index) => {
    const to = starts[index + 1]?.from ?? end;
    const bar = h('span', { class: 'done' });
    const button = h('button', { type: 'button', title: `Go to the beginning of ${name}`, on: { click: () => jump(name) } },
      h('span', { class: 'name' }, name), h('span', { class: 'at' }, stopwatch(from)), bar);
    // Short phases stay wide enough to be hit.
    return { name, from, to, bar, button, item: h('li', { style: { flex: `${Math.max(to - from, (end / starts.length) * 0.4)}` } }, button) };
  });
}
