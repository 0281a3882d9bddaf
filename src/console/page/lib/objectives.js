// The error budgets, asked for while somebody looks and Prometheus is there.

import { api } from './api.js';
import { live } from './live.js';

const EVERY_MS = 5_000;
const watchers = new Set();
let known = [];
let why = 'No Prometheus, no objectives.';
let timer = 0;

export const objectives = {
  known: () => known,
  /** Why there is nothing to show. */
  why: () => why,
  /** Calls `fn` with the list whenever it was asked for; returns what ends that. */
  watch(fn) {
    watchers.add(fn);
    if (watchers.size === 1) ask();
    return () => {
      watchers.delete(fn);
      if (!watchers.size) clearTimeout(timer);
    };
  },
};

async function ask() {
  clearTimeout(timer);
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
  // Soon again while it is only about to come.
  if (watchers.size) timer = setTimeout(ask, isReady ? EVERY_MS : EVERY_MS / 3);
}
