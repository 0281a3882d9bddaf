// A flame graph: each function as wide as its share of the processor time, below the one that called it. A click on one
// makes it as wide as the picture; a click on the first row goes back.

import { fill, h, svg } from '../../lib/dom.js';
import { duration, share } from '../../lib/format.js';

const WIDTH = 900;
const ROW = 18;
const NARROWEST = 1.5;
const LETTER = 6.4;
const TONES = 5;

/** `profile` as `GET /api/profiles/{service}` answers it. */
export function flame(profile) {
  const place = h('div', { class: 'inv-flame' });
  const hertz = Math.max(1, profile.hertz);
  const time = (frame) => duration((frame.total / hertz) * 1_000);
  const draw = (top) => {
    const boxes = [];
    let deepest = 0;
    const lay = (frame, x, width, depth) => {
      if (width < NARROWEST) return;
      deepest = Math.max(deepest, depth);
      boxes.push(box(frame, x, width, depth));
      let left = x;
      for (const child of frame.children) {
        const part = (width * child.total) / frame.total;
        lay(child, left, part, depth + 1);
        left += part;
      }
    };
    const box = (frame, x, width, depth) => {
      const said = `${frame.name}: ${time(frame)}, ${share(frame.total / profile.root.total)}`;
      return svg(
        'g',
        { class: `inv-frame warm-${warmth(frame.name)}`, on: { click: () => draw(frame === top ? profile.root : frame) } },
        svg('title', {}, said),
        svg('rect', { x: x.toFixed(1), y: depth * ROW, width: Math.max(0.5, width - 0.5).toFixed(1), height: ROW - 1 }),
        width > 30 && svg('text', { x: x + 3, y: depth * ROW + 13 }, cut(short(frame.name), (width - 6) / LETTER)),
      );
    };
    lay(top, 0, WIDTH, 0);
    fill(place, svg('svg', { viewBox: `0 0 ${WIDTH} ${(deepest + 1) * ROW}`, role: 'img', 'aria-label': spoken(profile, time) }, ...boxes),
    );
  };
  draw(profile.root);
  return place;
}

/** The functions that took most themselves, for who cannot see the picture and for who is in a hurry. */
export function heaviest(profile, count = 3) {
  const own = new Map();
  const walk = (frame) => {
    own.set(frame.name, (own.get(frame.name) || 0) + frame.self);
    frame.children.forEach(walk);
  };
  walk(profile.root);
  return [...own]
    .filter(([, samples]) => samples > 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([name, samples]) => ({ name: short(name), share: samples / Math.max(1, profile.root.total) }));
}

function spoken(profile, time) {
  const most = heaviest(profile).map((one) => `${one.name} ${share(one.share)}`);
  return `Flame graph of ${profile.route || profile.service}, ${time(profile.root)} of processor time. Most in: ${most.join(', ')}`;
}

/** A function's name without what it is generic over, and no more of its path than its own and its module's. */
export function short(name) {
  // An arrow's head closes no bracket.
  let plain = name.replace(/->/g, '→');
  for (let before = ''; before !== plain; ) {
    before = plain;
    plain = plain.replace(/^<([^<>]*?)( as [^<>]*)?>/, '$1').replace(/(?!^)<[^<>]*>/g, '');
  }
  const parts = plain.replace(/^&?(mut )?/, '').split('::').filter(Boolean);
  const closures = parts.filter((part) => !part.startsWith('{'));
  return (closures.length ? closures : parts).slice(-2).join('::') || name;
}

/** The end of a name is where functions differ. */
function cut(name, fits) {
  if (name.length <= fits) return name;
  return fits < 4 ? '' : '…' + name.slice(name.length - Math.floor(fits) + 1);
}

function warmth(name) {
  let hash = 2166136261;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  return ((hash >>> 0) % TONES) + 1;
}
