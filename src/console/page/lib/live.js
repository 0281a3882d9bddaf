// What the lab says as it changes (GET /api/events). Reconnects by itself; whoever listens hears `stale` and `live`.

import { Stream } from './stream.js';
import { askForToken, token } from './token.js';

const SILENCE_MS = 5_000;
// A browser has six connections to the lab for all its tabs: one that nobody sees gives its own back.
const UNSEEN_MS = 20_000;
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000];
const NAMES = ['state', 'mode', 'scenario', 'faults', 'followers', 'stack', 'notification', 'vitals', 'role'];

const listeners = new Map();
const latest = new Map();
let source = null;
let heard = Date.now();
let isStale = false;
let tries = 0;
let again = 0;
let unseen = 0;
let isResting = false;
let hasAsked = false;

export const live = {
  /** Calls `fn` with each payload of `event`; returns what ends that. What was said before is in `last`. */
  on(event, fn) {
    if (!listeners.has(event)) listeners.set(event, new Set());
    listeners.get(event).add(fn);
    return () => listeners.get(event).delete(fn);
  },
  /** The newest payload of `event`, if there was one. */
  last: (event) => latest.get(event),
  /** Whether nothing has been heard for a while. */
  stale: () => isStale,
  /** More events than those known here: for views of streams that were added later. */
  also(name) {
    if (NAMES.includes(name)) return;
    NAMES.push(name);
    if (source) source.addEventListener(name, (event) => take(name, event));
  },
  /** Whether the reader's token is a trainee's, who changes nothing of what runs. */
  isTrainee: () => latest.get('role')?.role === 'trainee',
  start,
};

function start() {
  if (source || again) return;
  connect();
  setInterval(watch, 500);
  // Who comes back to a window does not want to wait for the end of a pause.
  addEventListener('online', retry);
  document.addEventListener('visibilitychange', seen);
  // With a token more is heard.
  document.addEventListener('token', connect);
  // Leaving the page ends the stream at once: the lab counts its readers.
  addEventListener('pagehide', () => source?.close());
  addEventListener('pageshow', (event) => event.persisted && connect());
}

function connect() {
  clearTimeout(again);
  again = 0;
  source?.close();
  const mine = token() ? new Stream('/api/events', token()) : new EventSource('/api/events');
  source = mine;
  for (const name of NAMES) mine.addEventListener(name, (event) => mine === source && take(name, event));
  mine.onerror = () => {
    if (mine !== source) return;
    mine.close();
    source = null;
    again = setTimeout(connect, PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]);
    tries += 1;
  };
}

function seen() {
  clearTimeout(unseen);
  if (document.hidden) {
    unseen = setTimeout(rest, UNSEEN_MS);
    return;
  }
  if (isResting) {
    isResting = false;
    heard = Date.now();
    connect();
  } else retry();
}

function rest() {
  clearTimeout(again);
  again = 0;
  source?.close();
  source = null;
  isResting = true;
}

function retry() {
  if (!again) return;
  tries = 0;
  connect();
}

function take(name, event) {
  heard = Date.now();
  let data;
  try {
    data = JSON.parse(event.data);
  } catch {
    return;
  }
  tries = 0;
  if (name === 'state') spread(data);
  if (name === 'role') admit(data);
  emit(name, data);
  if (isStale) {
    isStale = false;
    emit('live', { at: heard });
  }
}

/** The whole state holds what the smaller events say: those who listen to them hear it from there as well. */
function spread(state) {
  // Another reader of this tab may have had no token before.
  emit('role', { role: 'presenter', mode: state.mode });
  emit('mode', { mode: state.mode, seed: state.seed, visits_per_minute: state.load.scenario_visits_per_minute });
  emit('scenario', state.scenario);
  emit('faults', { revision: state.revision, faults: state.faults });
  emit('followers', state.followers);
  emit('stack', state.stack);
}

/** Without the presenter's token the lab tells the role and the mode, and no state. */
function admit({ role, mode }) {
  emit('mode', { mode });
  if (role !== 'audience' || hasAsked) return;
  hasAsked = true;
  askForToken();
}

function watch() {
  // A machine that slept has heard nothing either, and hears something within a second.
  if (isStale || isResting || Date.now() - heard < SILENCE_MS) return;
  isStale = true;
  emit('stale', { since: heard });
  // A stream that is open and silent is a stream that is gone.
  if (source) connect();
}

function emit(name, data) {
  latest.set(name, data);
  for (const fn of [...(listeners.get(name) ?? [])]) {
    try {
      fn(data);
    } catch (error) {
      console.error(`a listener of ${name} failed`, error);
    }
  }
}
