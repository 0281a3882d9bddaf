// What a presenter does, from wherever on the page: each asks the lab, and says aloud when it was not done.

import { api } from './api.js';
import { blank } from './blank.js';
import { live } from './live.js';
import { sure } from './sure.js';
import { toast } from './toast.js';

/** The two scenarios with a button of their own. */
export const MODES = [{ name: 'normal', title: 'Normal' }, { name: 'blackfriday', title: 'Black Friday' }];

/** Runs `ask`; true when it was done. */
export async function tried(ask, done) {
  try {
    await ask();
    if (done) toast(done);
    return true;
  } catch (problem) {
    toast(problem.message, 'bad');
    return false;
  }
}

export const calm = () => tried(() => api.post('/api/calm'), 'Calm: no fault, no surge, normal load.');
export const switchTo = (mode) => taken(() => tried(() => api.post('/api/mode', { mode })));
export const startScenario = (name, seed) =>
  taken(() => tried(() => api.post(`/api/scenarios/${encodeURIComponent(name)}/start`, seed === undefined ? {} : { seed })));
export const stopScenario = () => tried(() => api.post('/api/scenarios/stop'));
export const jump = (phase) => tried(() => api.post('/api/scenarios/jump', { phase }));
export const speed = (factor) => tried(() => api.post('/api/scenarios/speed', { factor }));
export const clearFault = (id) => tried(() => api.del(`/api/faults/${encodeURIComponent(id)}`));

/** Takes the stage; whoever is at an exercise is asked about first. */
async function taken(act) {
  const isExercise = live.last('mode')?.mode === 'exercise';
  if (isExercise && !(await sure('End the exercise?', 'Somebody still looks for what is wrong. It ends for all of them.', 'End it'))) return false;
  return act();
}

/** Lets the scenario's time stand still, or go on. */
export async function pauseOrResume() {
  const scenario = live.last('scenario');
  if (!scenario) return toast('Nothing runs that could be paused.', 'bad');
  // A second press before the page knows what came of the first means the opposite of it.
  const wasPaused = pausing ?? scenario.paused;
  pausing = !wasPaused;
  const isDone = await tried(() => api.post(`/api/scenarios/${wasPaused ? 'resume' : 'pause'}`));
  if (!isDone) pausing = null;
  return isDone;
}

let pausing = null;
live.on('scenario', (scenario) => {
  if (scenario?.paused === pausing) pausing = null;
});

/** Goes to the phase after the one that is on. */
export const nextPhase = () => goTo(live.last('scenario')?.next_phase, 'There is no next phase.');

/** Goes back to the phase before the one that is on. */
export const previousPhase = () => goTo(before(live.last('scenario')), 'There is no phase before this one.');

let jumpsTo = null;

/** A second press before the page knows the new phase means the same phase: it is one jump. */
async function goTo(phase, none) {
  if (!phase) return toast(none, 'bad');
  if (jumpsTo === phase) return false;
  jumpsTo = phase;
  const isDone = await jump(phase);
  if (jumpsTo === phase) jumpsTo = null;
  return isDone;
}

function before(scenario) {
  const at = scenario?.phases?.indexOf(scenario.phase) ?? -1;
  return at > 0 ? scenario.phases[at - 1] : null;
}

/** Opens the audience window; a new one is never blank. */
export function openAudience() {
  blank.set(false);
  window.open('#/audience', 'doorbuster-audience', 'popup,width=1280,height=720');
}

/** Blanks the audience windows of this browser, or shows them again. */
export function blankAudience() {
  blank.toggle();
  toast(blank.is() ? 'The audience window is blank; the same key shows it again.' : 'The audience window shows the shop again.');
}
