// The page: finds the view that the address names, and mounts it. A view is asked for when it is first shown.
// `ctx.route` is where it stands: `{ view, rest: ['trace', ID], query }`. Only what comes behind `?` may change without
// the view being mounted anew.

import { start as startHeader } from './header.js';
import { calm } from './lib/actions.js';
import { api } from './lib/api.js';
import { h, clear } from './lib/dom.js';
import { keys } from './lib/keys.js';
import { live } from './lib/live.js';
import { toast } from './lib/toast.js';

const VIEWS = ['stage', 'faults', 'investigate', 'alerts', 'exercises', 'audience'];
const TITLES = { stage: 'Stage', faults: 'Faults', investigate: 'Investigate', alerts: 'Alerts', exercises: 'Exercises', audience: 'Audience' };

const root = document.getElementById('view');
const ctx = { api, live, keys, toast, go, grafana: null, route: null };
let unmount = null;
let shown = null;

function go(hash) {
  location.hash = hash;
}

function route() {
  const [path, search] = location.hash.replace(/^#\/?/, '').split('?', 2);
  const [view, ...rest] = path.split('/').filter(Boolean).map(decoded);
  return { view: VIEWS.includes(view) ? view : 'stage', rest, query: new URLSearchParams(search ?? ''), path };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function turn() {
  // The skip link leads into the page, not to another view.
  if (location.hash === '#view') return;
  const wanted = route();
  ctx.route = wanted;
  if (shown === wanted.path && unmount) return;
  shown = wanted.path;
  mark(wanted.view);
  let view;
  try {
    view = await import(`./views/${wanted.view}.js`);
  } catch (error) {
    console.error(error);
    view = { mount: absent };
  }
  // Somebody has gone elsewhere meanwhile.
  if (shown !== wanted.path) return;
  leave();
  clear(root);
  root.className = `view-${wanted.view}`;
  try {
    unmount = view.mount(root, ctx) ?? (() => {});
  } catch (error) {
    console.error(error);
    absent(root);
  }
}

function leave() {
  try {
    unmount?.();
  } catch (error) {
    console.error(error);
  }
  unmount = null;
}

function absent(place) {
  const again = () => location.reload();
  place.append(h('div', { class: 'panel empty' }, h('h1', {}, 'This view is not there yet'),
    h('p', {}, 'It could not be loaded from the lab.'),
    h('button', { class: 'button', type: 'button', on: { click: again } }, 'Load the page again')));
  return () => {};
}

function mark(view) {
  document.body.dataset.view = view;
  document.title = `${TITLES[view]} · doorbuster`;
  for (const tab of document.querySelectorAll('#tabs a')) {
    if (tab.getAttribute('href') === `#/${view}`) {
      tab.setAttribute('aria-current', 'page');
      tab.scrollIntoView({ block: 'nearest', inline: 'center' });
    }
    else tab.removeAttribute('aria-current');
  }
}

function bindTabs() {
  VIEWS.slice(0, 5).forEach((view, index) => keys.bind(String(index + 1), `Go to ${TITLES[view]}`, () => go(`#/${view}`)));
}

addEventListener('hashchange', turn);
live.on('state', (state) => {
  ctx.grafana = state.grafana ?? null;
});
keys.start(calm);
bindTabs();
startHeader();
live.start();
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  root.focus();
});
turn();
