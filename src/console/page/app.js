// The page: finds the view that the address names, and mounts it. A view is asked for when it is first shown.
// `ctx.route` is where it stands: `{ view, rest: ['trace', ID], query }`. Only what comes behind `?` may change without
// the view being mounted anew.

import { start as startHeader } from './header.js';
import { blankAudience, calm, nextPhase, openAudience, pauseOrResume, previousPhase, switchTo } from './lib/actions.js';
import { api } from './lib/api.js';
import { h, clear } from './lib/dom.js';
import { keys } from './lib/keys.js';
import { live } from './lib/live.js';
import { toast } from './lib/toast.js';
import { openPicker } from './views/stage/picker.js';

const VIEWS = ['stage', 'faults', 'investigate', 'alerts', 'exercises', 'audience'];
const TITLES = { stage: 'Stage', faults: 'Faults', investigate: 'Investigate', alerts: 'Alerts', exercises: 'Exercises', audience: 'Audience' };

const root = document.getElementById('view');
const ctx = { api, live, toast, go, grafana: null, route: null };
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
  if (live.isTrainee() && PRESENTERS.includes(wanted.view)) return void go('#/exercises');
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

/** What the keys do, on every view. A phase that is not there leaves the key to the browser, which may scroll with it. */
function actions() {
  const scenario = () => live.last('scenario');
  const views = VIEWS.slice(0, 5).map((view) => [view, () => go(`#/${view}`)]);
  const theirs = {
    next: () => Boolean(scenario()?.next_phase) && void nextPhase(),
    previous: () => scenario()?.phases?.indexOf(scenario().phase) > 0 && void previousPhase(),
    blank: blankAudience, calm, normal: () => void switchTo('normal'), blackfriday: () => void switchTo('blackfriday'),
    pick: () => void openPicker(), pause: () => void pauseOrResume(), audience: openAudience,
  };
  const guarded = Object.entries(theirs).map(([name, act]) => [name, () => (live.isTrainee() ? false : act())]);
  return { ...Object.fromEntries(views), ...Object.fromEntries(guarded) };
}

/** The views that only a presenter's token fills. */
const PRESENTERS = ['stage', 'faults'];

/** What somebody else cannot do is not offered: a trainee begins at the exercises. */
function admit() {
  document.body.dataset.role = live.last('role').role;
  turn();
}

addEventListener('hashchange', turn);
live.on('role', admit);
live.on('state', (state) => {
  ctx.grafana = state.grafana ?? null;
});
keys.start(actions());
startHeader();
live.start();
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  root.focus();
});
turn();
