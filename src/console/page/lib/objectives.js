// The error budgets, asked for while somebody looks and Prometheus is there.

import { api } from './api.js';
import { live } from './live.js';
import { poll } from './poll.js';

const EVERY_MS = 3_000;
const watchers = new Set();
let known = [];
let why = 'No Prometheus, no objectives.';
let asking = null;

export const objectives = {
  known: () => known,
  /** Why there is nothing to show. */
  why: () => why,
  /** Calls `fn` with the list whenever it was asked for; returns what ends that. */
  watch(fn) {
    watchers.add(fn);
    asking ??= poll(ask, EVERY_MS);
    return () => {
      watchers.delete(fn);
      if (watchers.size) return;
      asking.stop();
      asking = null;
    };
  },
};

async function ask() {
  const stack = live.last('stack');
  const isReady = stack?.prometheus?.state === 'ready';
  try {
    known = isReady && !live.stale() ? await api.get('/api/objectives') : [];
    why = isReady ? 'Nothing recorded so far.' : `No Prometheus: ${stack?.why ?? stack?.state ?? 'not known yet'}`;
  } catch (problem) {
    known = [];
    why = problem.message;
  }
  for (const fn of watchers) fn(known);
}
