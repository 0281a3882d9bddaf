// What is at the top of every view: mode, clock, theme, Calm, and whether the page still hears the lab.

import { MODES, calm, switchTo } from './lib/actions.js';
import { course } from './lib/course.js';
import { fill, h } from './lib/dom.js';
import { clock, stopwatch } from './lib/format.js';
import { live } from './lib/live.js';
import { toast } from './lib/toast.js';

const at = (id) => document.getElementById(id);

export function start() {
  at('calm').addEventListener('click', calm);
  modes();
  theme();
  stale();
  live.on('scenario', tick);
  setInterval(tick, 500);
  tick();
}

function modes() {
  const place = at('mode');
  const buttons = MODES.map(({ name, title }) =>
    h('button', { type: 'button', 'aria-pressed': 'false', on: { click: () => switchTo(name) } }, title));
  place.append(...buttons);
  live.on('mode', ({ mode }) => MODES.forEach(({ name }, index) => buttons[index].setAttribute('aria-pressed', String(name === mode))));
}

function tick() {
  const now = course.now();
  // Whoever looks for a cause is not told it.
  if (document.body.dataset.view === 'investigate' || live.isTrainee()) return void (at('clock').textContent = '');
  const idle = live.last('mode')?.mode === 'exercise' ? 'an exercise' : 'no scenario';
  const text = now ? `${now.title} · ${now.phase} · ${stopwatch(now.elapsed)}${now.paused ? ' (paused)' : ''}` : idle;
  if (at('clock').textContent !== text) at('clock').textContent = text;
}

function theme() {
  const button = at('theme');
  const system = matchMedia('(prefers-color-scheme: light)');
  const current = () => document.documentElement.dataset.theme ?? (system.matches ? 'light' : 'dark');
  const show = () => {
    button.textContent = current() === 'dark' ? 'Light' : 'Dark';
    button.setAttribute('aria-label', `Change to ${current() === 'dark' ? 'light' : 'dark'} colours`);
    document.dispatchEvent(new Event('theme'));
  };
  button.addEventListener('click', () => {
    const chosen = current() === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = chosen;
    localStorage.setItem('doorbuster-theme', chosen);
    show();
  });
  system.addEventListener('change', show);
  show();
}

function stale() {
  const place = at('stale');
  live.on('stale', ({ since }) => {
    document.body.dataset.stale = 'yes';
    fill(place, h('strong', {}, 'Stale.'), ` Nothing was heard from the lab since ${clock(since)}. Trying to reach it again.`);
    place.hidden = false;
  });
  live.on('live', () => {
    delete document.body.dataset.stale;
    place.hidden = true;
    toast('The lab is there again; everything shown is live.');
  });
}
