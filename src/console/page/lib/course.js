// The scenario's own time, counted on between what the lab says of it.

import { live } from './live.js';

let heard = 0;
live.on('scenario', () => {
  heard = Date.now();
});

export const course = {
  /** The scenario as it is at this moment, with `elapsed` and `nextIn` in seconds; nothing when none runs. */
  now() {
    const scenario = live.last('scenario');
    if (!scenario) return null;
    const since = (Date.now() - heard) / 1_000;
    const elapsed = scenario.elapsed_seconds + (scenario.paused ? 0 : since * scenario.speed);
    const nextIn = scenario.next_in_seconds === null ? null : Math.max(0, scenario.next_in_seconds - since);
    return { ...scenario, elapsed, nextIn };
  },
};
