// The stage: what a presenter runs a talk from. Each part minds itself; this file says where it stands.

import { MODES, nextPhase, pauseOrResume, switchTo } from '../lib/actions.js';
import { h } from '../lib/dom.js';
import { alerts } from './stage/alerts.js';
import { controls } from './stage/controls.js';
import { countries } from './stage/countries.js';
import { cues } from './stage/cues.js';
import { faults } from './stage/faults.js';
import { mode } from './stage/mode.js';
import { openPicker } from './stage/picker.js';
import { reach } from './stage/reach.js';
import { timeline } from './stage/timeline.js';
import { vitals } from './stage/vitals.js';

export function mount(root, ctx) {
  const parts = {
    mode: mode(), reach: reach(), cues: cues(), timeline: timeline(), controls: controls(), vitals: vitals(),
    countries: countries(), alerts: alerts(), faults: faults(),
  };
  const audience = () => window.open('#/audience', 'doorbuster-audience', 'popup,width=1280,height=720');
  root.append(
    h('h1', { class: 'hide' }, 'Stage'),
    h('div', { class: 'stage' },
      h('section', { class: 'panel stage-mode', 'aria-label': 'What runs' }, parts.mode.node,
        h('div', { class: 'row' },
          h('button', { class: 'button', type: 'button', id: 'pick', on: { click: () => openPicker() } }, 'Other scenario…'),
          h('button', { class: 'button', type: 'button', on: { click: audience } }, 'Audience window'))),
      h('section', { class: 'panel stage-cues', 'aria-label': 'What to say' }, parts.cues.node),
      h('section', { class: 'panel stage-course', 'aria-label': 'Course of the scenario' }, parts.timeline.node, parts.controls.node),
      h('section', { class: 'stage-vitals', 'aria-label': 'Vitals' }, parts.vitals.node),
      h('section', { class: 'panel stage-countries', 'aria-labelledby': 'countries-title' },
        h('h2', { id: 'countries-title' }, 'Payments that succeed, by country'), parts.countries.node),
      h('section', { class: 'panel stage-alerts', 'aria-labelledby': 'alerts-title' },
        h('h2', { id: 'alerts-title' }, 'Firing alerts'), parts.alerts.node),
      h('section', { class: 'panel stage-faults', 'aria-labelledby': 'faults-title' },
        h('div', { class: 'row stage-head' }, h('h2', { id: 'faults-title' }, 'Active faults'), parts.reach.node), parts.faults.node)));
  const unbind = [
    ctx.keys.bind('n', MODES[0].title, () => switchTo('normal')),
    ctx.keys.bind('b', MODES[1].title, () => switchTo('blackfriday')),
    ctx.keys.bind('s', 'Choose another scenario', openPicker),
    ctx.keys.bind('p', 'Pause or go on', pauseOrResume),
    ctx.keys.bind('ArrowRight', 'Next phase', nextPhase),
    ctx.keys.bind('a', 'Audience window', audience),
  ];
  return () => {
    for (const off of unbind) off();
    for (const part of Object.values(parts)) part.off();
  };
}
