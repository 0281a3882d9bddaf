// Pause, next phase, speed and end of what is played.

import { nextPhase, pauseOrResume, speed, stopScenario } from '../../lib/actions.js';
import { course } from '../../lib/course.js';
import { h } from '../../lib/dom.js';
import { nameOf } from '../../lib/keymap.js';
import { stopwatch } from '../../lib/format.js';
import { live } from '../../lib/live.js';

const SPEEDS = [0.5, 1, 2, 4, 8];

export function controls() {
  const pause = h('button', { type: 'button', class: 'button', id: 'pause', on: { click: pauseOrResume } });
  const next = h('button', { type: 'button', class: 'button primary', id: 'next', on: { click: nextPhase } }, 'Next phase ', h('kbd', { 'aria-hidden': 'true' }, nameOf('next')));
  const stop = h('button', { type: 'button', class: 'button', id: 'stop', on: { click: stopScenario } }, 'End');
  const factor = h('select', { id: 'speed', on: { change: () => speed(Number(factor.value)) } },
    SPEEDS.map((times) => h('option', { value: String(times) }, `${times}×`)));
  const clock = h('p', { class: 'stopwatch', id: 'elapsed', role: 'timer', 'aria-label': 'Time of the scenario' });
  const show = () => {
    const running = course.now();
    for (const button of [pause, next, stop, factor]) button.disabled = !running;
    if (!running) {
      clock.textContent = '–';
      factor.value = '1';
      return;
    }
    clock.textContent = stopwatch(running.elapsed);
    const word = running.paused ? 'Go on' : 'Pause';
    if (pause.textContent !== word) pause.textContent = word;
    next.disabled = !running.next_phase;
    stop.disabled = running.name === 'normal';
    const known = String(running.speed);
    if (!SPEEDS.includes(running.speed) && !factor.querySelector(`[value="${known}"]`)) factor.append(h('option', { value: known }, `${known}×`));
    if (document.activeElement !== factor) factor.value = known;
  };
  pause.textContent = 'Pause';
  const off = live.on('scenario', show);
  const timer = setInterval(show, 250);
  show();
  return {
    node: h('div', { class: 'row controls' }, clock, pause, next, h('label', { for: 'speed' }, 'Speed'), factor, h('span', { class: 'grow' }), stop),
    off() {
      off();
      clearInterval(timer);
    },
  };
}
