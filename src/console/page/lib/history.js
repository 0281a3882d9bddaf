// The vitals of the last five minutes: what the lab has kept, and what it says from now on.

import { api } from './api.js';
import { live } from './live.js';

const KEEPS = 300;
let kept = [];
let asked = null;

live.on('vitals', (vitals) => {
  kept.push(vitals);
  if (kept.length > KEEPS) kept = kept.slice(-KEEPS);
});
// After a break some are missing; at the start there is none. The first event is `state`, or without its token `role`.
for (const first of ['state', 'role']) {
  live.on(first, () => {
    // Another lab has another past.
    kept = [];
    asked = load();
  });
}

export const history = {
  /** All of them, the oldest first. */
  all: () => kept,
  /** Resolves when the past is there, or cannot be had. */
  load: () => (asked ??= load()),
};

async function load() {
  try {
    const past = await api.get('/api/vitals');
    const newest = past.at(-1)?.at_ms ?? 0;
    kept = [...past, ...kept.filter((one) => one.at_ms > newest)].slice(-KEEPS);
  } catch {
    // It fills by itself.
  }
}
