// Where processor time went: services and routes, those that took most first, and the flame graph of one of them.

import { fill, h } from '../../lib/dom.js';
import { share } from '../../lib/format.js';
import { poll } from '../../lib/poll.js';
import { to } from './address.js';
import { flame, heaviest } from './flame.js';
import { tone } from './tones.js';
import { trouble } from './trouble.js';

const PAUSE_MS = 5_000;
/** Long enough for a picture, short enough for what is wrong now. */
const SECONDS = 120;
const MOST = 14;

export function mount(root, ctx, { query }) {
  let wanted = query;
  const wrong = trouble();
  const list = h('div', { class: 'inv-table' });
  const picture = h('section', { class: 'inv-profile', 'aria-label': 'Flame graph' });
  root.append(h('h2', { class: 'visually-hidden', text: 'Processor time' }), wrong.line, h('div', { class: 'inv-split' }, list, picture));

  const ask = async (isOver) => {
    const sampled = await ctx.api.get('/api/profiles');
    if (isOver()) return;
    wrong.none();
    if (!sampled.length) return void fill(list, h('p', { class: 'inv-empty', text: 'Processor time is sampled when the lab runs with --profile.' }));
    const chosen = pick(sampled);
    tabulate(list, sampled, chosen);
    const profile = await ctx.api.get(`/api/profiles/${encodeURIComponent(chosen.service)}`, { route: chosen.route, seconds: SECONDS, frames: 'ours' });
    if (!isOver() && chosen === pick(sampled)) draw(picture, profile, chosen);
  };
  const pick = (sampled) => sampled.find((one) => one.service === wanted.get('service') && (one.route ?? '') === (wanted.get('route') ?? ''))
    ?? sampled.find((one) => one.route) ?? sampled[0];
  const asking = poll(ask, PAUSE_MS, wrong.say);
  return {
    end: () => asking.stop(),
    filter(fresh) {
      wanted = fresh;
      ask(() => false).catch(wrong.say);
      return true;
    },
  };
}

function tabulate(place, sampled, chosen) {
  const focused = document.activeElement?.closest?.('.inv-table a')?.getAttribute('href');
  const all = sampled.reduce((sum, one) => sum + one.samples, 0);
  const row = (one) => h('tr', {},
    h('th', { scope: 'row' }, h('span', { class: `inv-chip ${tone(one.service)}`, text: one.service })),
    h('td', {}, h('a', { href: to('profiles', { service: one.service, route: one.route }), 'aria-current': one === chosen ? 'true' : null }, one.route ?? 'outside of any request')),
    h('td', { class: 'number', text: share(one.samples / all) }));
  fill(place, h('table', {},
    h('caption', { text: 'Who took most processor time' }),
    h('thead', {}, h('tr', {}, ['Service', 'Route', 'Share'].map((text) => h('th', { scope: 'col', text })))),
    h('tbody', {}, sampled.slice(0, MOST).map(row))));
  if (focused) [...place.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused)?.focus();
}

function draw(place, profile, { service, route }) {
  const most = heaviest(profile).map((one) => `${one.name} ${share(one.share)}`);
  fill(place,
    h('h3', { text: `Processor time of ${service} ${route ?? '(all of it)'}, the last ${SECONDS / 60} minutes` }),
    profile.samples
      ? [h('p', { class: 'inv-facts', text: `${profile.samples} samples. Most in ${most.join(', ')}.` }), flame(profile)]
      : h('p', { class: 'inv-facts', text: 'It took next to none.' }));
}
