// The route tree with the way each alert took; what is grouped, inhibited and silenced, and why.

import { broken, h, fill } from '../../lib/dom.js';
import { clock } from '../../lib/format.js';
import { lines } from '../../lib/lines.js';
import { answers } from './answers.js';
import { labels, quiet } from './words.js';

const EVERY_MS = 3_000;

export function routes(root, ctx) {
  const trouble = h('div');
  const picked = { fingerprint: null };
  const alerts = lines(h('ul', { class: 'takers' }), (fingerprint) => taker(fingerprint, pick));
  const none = h('p', { class: 'dim', text: 'none' });
  const tree = h('ul', { class: 'tree' });
  const others = h('div', { class: 'stack' });
  let last = null;
  root.append(trouble, h('div', { class: 'routing' },
    h('section', { class: 'panel', 'aria-label': 'Alerts' }, h('h2', { text: 'Alerts that Alertmanager has: choose one to see its way' }), none, alerts.node),
    h('section', { class: 'panel', 'aria-label': 'Route tree' }, h('h2', { text: 'Route tree' }), tree), others));
  const asking = answers(trouble, EVERY_MS, () => ctx.api.get('/api/alerts/routes'), (now) => {
    last = now;
    show();
  });
  return () => asking.stop();

  function pick(fingerprint) {
    picked.fingerprint = picked.fingerprint === fingerprint ? null : fingerprint;
    show();
  }

  function show() {
    const now = last;
    const names = new Map(now.alerts.map((alert) => [alert.fingerprint, alert.labels.alertname]));
    const nameOf = (fingerprint) => names.get(fingerprint) ?? fingerprint;
    none.hidden = now.alerts.length > 0;
    alerts.show(now.alerts.map((alert) => ({ alert, why: quiet(alert, nameOf), isPicked: picked.fingerprint === alert.fingerprint })), ({ alert }) => alert.fingerprint);
    const chosen = now.alerts.filter((alert) => !picked.fingerprint || alert.fingerprint === picked.fingerprint);
    fill(tree, branch(now.tree, chosen));
    fill(others, groups(now.groups, nameOf), inhibitions(now.inhibitions, now.alerts), silences(now.silences));
  }
}

function taker(fingerprint, pick) {
  const button = h('button', { type: 'button', class: 'button taker', on: { click: () => pick(fingerprint) } });
  const told = h('p');
  return {
    node: h('li', {}, button, told),
    say({ alert, why, isPicked }) {
      button.setAttribute('aria-pressed', String(isPicked));
      fill(button, h('strong', {}, broken(alert.labels.alertname)), ' ', labels(alert.labels));
      told.className = why ? 'warn' : 'dim';
      told.textContent = why ? `nobody is told: ${why}` : `told to ${alert.receivers.join(', ')}`;
    },
  };
}

function branch(route, chosen) {
  const ends = chosen.filter((alert) => alert.paths.includes(route.path));
  const isOnTheWay = chosen.some((alert) => alert.paths.some((path) => path === route.path || path.startsWith(`${route.path}.`)));
  const when = route.matchers.length ? route.matchers.map((text) => [h('code', { text }), ' ']) : h('span', { class: 'dim', text: 'everything else' });
  return h('li', { class: [isOnTheWay && 'on-the-way'] },
    h('div', { class: 'route' }, isOnTheWay ? h('span', { 'aria-label': 'taken', text: '➜ ' }) : null, when, ' → ', h('strong', { text: route.receiver }),
      route.goes_on ? [' ', h('span', { class: 'tag', text: 'and goes on' })] : null,
      route.group_by.length ? h('span', { class: 'dim', text: ` grouped by ${route.group_by.join(', ')}` }) : null,
      ends.length ? h('span', { class: 'ends', text: ` ${[...new Set(ends.map((alert) => alert.labels.alertname))].join(', ')}` }) : null),
    route.routes.length ? h('ul', {}, route.routes.map((below) => branch(below, chosen))) : null);
}

function groups(all, nameOf) {
  return h('section', { class: 'panel', 'aria-label': 'Groups' }, h('h2', { text: 'Told together' }),
    all.length ? h('ul', {}, all.map((group) => h('li', {}, h('strong', { text: group.receiver }), ': ',
      `${group.alerts.length} of `, labels(group.labels, true), ' (', [...new Set(group.alerts.map(nameOf))].join(', '), ')'))) : h('p', { class: 'dim', text: 'Nothing is grouped right now.' }));
}

function inhibitions(all, alerts) {
  const held = alerts.filter((alert) => alert.inhibited_by.length).length;
  return h('section', { class: 'panel', 'aria-label': 'Inhibitions' }, h('h2', { text: `Inhibitions: ${held} held back right now` }),
    h('ul', {}, all.map((one) => h('li', {}, 'While ', words(one.source), ' fires, nobody is told of ', words(one.target),
      one.equal.length ? ` with the same ${one.equal.join(', ')}` : ''))));
}

function silences(all) {
  return h('section', { class: 'panel', 'aria-label': 'Silences' }, h('h2', { text: 'Silences' }),
    all.length ? h('ul', {}, all.map((one) => h('li', {}, words(one.matchers), ` until ${clock(one.ends_at)}, by ${one.created_by}: ${one.comment} (${one.state})`)))
      : h('p', { class: 'dim', text: 'None.' }));
}

const words = (matchers) => matchers.map((text) => [h('code', { text }), ' ']);
