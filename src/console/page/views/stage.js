// The stage: what a presenter runs a talk from. Each part minds itself; this file says where it stands.

import { openAudience } from '../lib/actions.js';
import { blank } from '../lib/blank.js';
import { h } from '../lib/dom.js';
import { nameOf } from '../lib/keymap.js';
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

export function mount(root) {
  const parts = {
    mode: mode(), reach: reach(), cues: cues(), timeline: timeline(), controls: controls(), vitals: vitals(),
    countries: countries(), alerts: alerts(), faults: faults(),
  };
  const blanking = h('button', { class: 'button', type: 'button', id: 'blank', on: { click: () => blank.toggle() } },
    'Blank it ', h('kbd', { 'aria-hidden': 'true' }, nameOf('blank')));
  const offBlank = blank.watch((isBlank) => blanking.setAttribute('aria-pressed', String(isBlank)));
  root.append(
    h('h1', { class: 'hide' }, 'Stage'),
    h('div', { class: 'stage' },
      h('section', { class: 'panel stage-mode', 'aria-label': 'What runs' }, parts.mode.node,
        h('div', { class: 'row' },
          h('button', { class: 'button', type: 'button', id: 'pick', on: { click: () => openPicker() } }, 'Other scenario…'),
          h('button', { class: 'button', type: 'button', on: { click: openAudience } }, 'Audience window'),
          blanking)),
      h('section', { class: 'panel stage-cues', 'aria-label': 'What to say' }, parts.cues.node),
      h('section', { class: 'panel stage-course', 'aria-label': 'Course of the scenario' }, parts.timeline.node, parts.controls.node),
      h('section', { class: 'stage-vitals', 'aria-label': 'Vitals' }, parts.vitals.node),
      h('section', { class: 'panel stage-countries', 'aria-labelledby': 'countries-title' },
        h('h2', { id: 'countries-title' }, 'Payments that succeed, by country'), parts.countries.node),
      h('section', { class: 'panel stage-alerts', 'aria-labelledby': 'alerts-title' },
        h('h2', { id: 'alerts-title' }, 'Firing alerts'), parts.alerts.node),
      h('section', { class: 'panel stage-faults', 'aria-labelledby': 'faults-title' },
        h('div', { class: 'row stage-head' }, h('h2', { id: 'faults-title' }, 'Active faults'), parts.reach.node), parts.faults.node)));
  return () => {
    offBlank();
    for (const part of Object.values(parts)) part.off();
  };
}
