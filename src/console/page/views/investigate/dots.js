// Traces as dots: when they began and how long they took. A click on one opens it. Failed ones are crosses.

import { clear, fill, h, svg } from '../../lib/dom.js';
import { clock, duration } from '../../lib/format.js';
import { trace } from './address.js';

const WIDE = 1000;
const NARROW = 340;
const HEIGHT = 150;
const LEFT = 64;
const BOTTOM = 22;

export function dots() {
  const place = h('figure', { class: 'inv-dots' });
  return { place, show: (traces) => draw(place, traces) };
}

function draw(place, traces) {
  if (!traces.length) return void clear(place);
  // As wide as it is shown: text keeps its size.
  const width = Math.max(NARROW, place.clientWidth || WIDE);
  const times = traces.map((one) => Date.parse(one.started));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const durations = traces.map((one) => Math.max(one.duration_ms, 0.1));
  const [low, high] = [10 ** Math.floor(Math.log10(Math.min(...durations))), 10 ** Math.ceil(Math.log10(Math.max(...durations)))];
  const x = (time) => LEFT + 8 + ((time - first) / Math.max(1, last - first)) * (width - LEFT - 24);
  const y = (ms) => 8 + (1 - Math.log(ms / low) / Math.max(0.1, Math.log(high / low))) * (HEIGHT - BOTTOM - 16);
  const decades = [];
  for (let at = low; at <= high * 1.001; at *= 10) decades.push(at);
  const parts = width < WIDE / 2 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
  const anchor = (index) => (index === 0 ? 'start' : index === parts.length - 1 ? 'end' : 'middle');
  const ticks = parts.map((part) => first + (last - first) * part);
  fill(place, h('figcaption', { text: 'How long each took. A dot is a trace, a cross one that failed: click it to open it.' }),
    svg(
      'svg',
      { viewBox: `0 0 ${width} ${HEIGHT}`, role: 'group', 'aria-label': 'Traces by time and duration; the list below has the same' },
      ...decades.map((ms) =>
        svg('g', { class: 'inv-axis' },
          svg('line', { x1: LEFT, x2: width - 8, y1: y(ms), y2: y(ms) }),
          svg('text', { x: LEFT - 6, y: y(ms) + 4, 'text-anchor': 'end' }, duration(ms))),
      ),
      ...ticks.map((time, index) =>
        svg('text', { x: x(time), y: HEIGHT - 4, class: 'inv-tick', 'text-anchor': anchor(index) }, clock(time)),
      ),
      // The newest last, so that nothing lies over a failure but another.
      ...[...traces].sort((a, b) => Number(a.status === 'error') - Number(b.status === 'error')).map((one) =>
        dot(one, x(Date.parse(one.started)), y(Math.max(one.duration_ms, 0.1)))),
    ),
  );
}

function dot(one, x, y) {
  const failed = one.status === 'error';
  const said = `${one.name}, ${duration(one.duration_ms)}, ${failed ? `${one.errors} failed` : 'fine'}, ${clock(one.started)}`;
  const shape = failed
    ? svg('path', { d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` })
    : svg('circle', { cx: x, cy: y, r: 4 });
  // The list below leads to the same places by keyboard.
  return svg('a', { href: trace(one.trace_id), class: failed ? 'inv-dot failed' : 'inv-dot', tabindex: '-1', 'aria-label': said },
    svg('circle', { cx: x, cy: y, r: 9, class: 'inv-reach' }), shape, svg('title', {}, said));
}
