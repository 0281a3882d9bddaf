// A line as small as a word: the recent past of one number. What it says stands beside it as text.

import { svg } from './dom.js';

const WIDTH = 120;
const HEIGHT = 28;

/** A drawing; `set(values)` redraws it. `low` and `high` fix its range. */
export function spark({ low = 0, high } = {}) {
  const area = svg('path', { class: 'spark-area' });
  const line = svg('path', { class: 'spark-line' });
  const node = svg('svg', { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, area, line);
  return {
    node,
    set(values) {
      const known = values.filter(Number.isFinite);
      if (known.length < 2) return;
      const top = Math.max(high ?? Math.max(...known) * 1.1, low + 1e-9);
      const x = (index) => (index / (values.length - 1)) * WIDTH;
      const y = (value) => HEIGHT - 1 - ((Math.min(value, top) - low) / (top - low)) * (HEIGHT - 3);
      const points = values.map((value, index) => [x(index), value]).filter(([, value]) => Number.isFinite(value));
      const path = points.map(([left, value], index) => `${index ? 'L' : 'M'}${left.toFixed(1)} ${y(value).toFixed(1)}`).join('');
      line.setAttribute('d', path);
      area.setAttribute('d', `${path}L${points.at(-1)[0].toFixed(1)} ${HEIGHT}L${points[0][0].toFixed(1)} ${HEIGHT}Z`);
    },
  };
}
