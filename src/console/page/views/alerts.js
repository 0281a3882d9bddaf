// Alerts: what burns, the rules behind it, the way each alert takes to whoever is told, and proof that all of it works.

import { h } from '../lib/dom.js';
import { burning } from './alerts/burning.js';
import { routes } from './alerts/routes.js';
import { rules } from './alerts/rules.js';
import { told } from './alerts/told.js';
import { verify } from './alerts/verify.js';

const PARTS = [
  ['', 'Now', burning], ['rules', 'Rules', rules], ['routes', 'Routes', routes],
  ['notifications', 'Notifications', told], ['verify', 'Verify', verify],
];

export function mount(root, ctx) {
  const rest = ctx.route?.rest ?? location.hash.split('/').slice(2);
  const [name, title, part] = PARTS.find(([word]) => word === (rest[0] ?? '')) ?? PARTS[0];
  const place = h('section', { class: 'stack', 'aria-label': title });
  const tabs = h('nav', { class: 'parts', 'aria-label': 'Alerts' }, PARTS.map(([word, text]) => h('a', {
    href: word ? `#/alerts/${word}` : '#/alerts', 'aria-current': word === name ? 'page' : null,
  }, text)));
  root.append(h('div', { class: 'row alerts-head' }, h('h1', { text: 'Alerts and routing' }), tabs), place);
  return part(place, ctx) ?? (() => {});
}
