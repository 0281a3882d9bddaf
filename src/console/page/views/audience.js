// The window for the audience: how the shop fares, very large, without cues and without faults.

import { blank } from '../lib/blank.js';
import { course } from '../lib/course.js';
import { h } from '../lib/dom.js';
import { live } from '../lib/live.js';
import { alerts } from './stage/alerts.js';
import { countries } from './stage/countries.js';
import { vitals } from './stage/vitals.js';

export function mount(root) {
  const parts = [vitals({ budget: false }), countries(), alerts({ reasons: false })];
  const title = h('h1', { id: 'audience-title' });
  // Only the two modes are told: another scenario's title would give its fault away.
  const NAMES = { normal: 'A normal evening', blackfriday: 'Black Friday', calm: 'A quiet evening' };
  const show = () => {
    title.textContent = NAMES[live.last('mode')?.mode] ?? 'An evening at the shop';
    document.title = course.now() ? `${title.textContent} · doorbuster` : 'doorbuster';
  };
  const offs = [live.on('mode', show), blank.watch((isBlank) => document.body.toggleAttribute('data-blank', isBlank))];
  show();
  root.append(h('div', { class: 'audience' }, title, parts[0].node,
    h('section', { 'aria-labelledby': 'audience-countries' }, h('h2', { id: 'audience-countries' }, 'Payments that succeed'), parts[1].node),
    h('section', { 'aria-labelledby': 'audience-alerts' }, h('h2', { id: 'audience-alerts' }, 'Alerts'), parts[2].node)));
  return () => {
    for (const off of offs) off();
    document.body.removeAttribute('data-blank');
    for (const part of parts) part.off();
  };
}
