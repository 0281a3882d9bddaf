// What one span says: its attributes, events, log lines, and where its route's processor time goes.

import { fill, h } from '../../lib/dom.js';
import { duration, share } from '../../lib/format.js';
import { to } from './address.js';
import { flame, heaviest } from './flame.js';
import { logLine, written } from './line.js';
import { above, own, profiled } from './rows.js';
import { tone } from './tones.js';

/** A place for spans; `show(row)` puts one there. `all` are the trace's rows, `lines` its log lines. */
export function spanPanel(ctx) {
  const place = h('aside', { class: 'inv-span', 'aria-label': 'The span' });
  let turn = 0;
  return {
    place,
    show(row, all, lines) {
      const mine = ++turn;
      const { span } = row;
      const profile = h('section', { class: 'inv-profile' });
      fill(place, h('h3', {}, h('span', { class: `inv-chip ${tone(span.service)}`, text: span.service }), ' ', span.name),
        h('p', { class: 'inv-facts' }, facts(row)),
        row.failed ? h('p', { class: 'inv-level many', text: `✕ ${span.status_message || span.attributes['error.type'] || 'failed'}` }) : null,
        attributes(span.attributes, 'Attributes'),
        ...span.events.map((event) => attributes(event.attributes, `${event.name}, at ${duration(event.offset_ms)}`)),
        logs(row, all, lines),
        profile,
      );
      const whose = profiled(all, row);
      if (whose) fetchProfile(ctx, whose, profile, () => mine === turn);
    },
  };
}

function facts({ span }) {
  const itself = span.children.length ? `, ${duration(own(span))} of it itself` : '';
  return `${span.kind}, ${duration(span.duration_ms)}${itself}${span.version ? `, version ${span.version}` : ''}`;
}

function attributes(map, title) {
  const pairs = Object.entries(map);
  if (!pairs.length) return null;
  return h(
    'table',
    { class: 'inv-attributes' },
    h('caption', { text: title }),
    h(
      'tbody',
      {},
      ...pairs.map(([name, value]) =>
        h('tr', {},
          h('th', { scope: 'row' }, h('a', { href: to('traces', { attribute: `${name}=${written(value)}` }), title: 'Traces that have it too' }, name)),
          h('td', { text: written(value) }))),
    ),
  );
}

/** Lines are spoken by server spans: of a question or a query, those of the span above it are shown. */
function logs(row, all, lines) {
  const speaker = above(all, row).find((one) => lines.some((line) => line.span_id === one.span.span_id));
  if (!speaker) return h('section', {}, h('h4', { text: 'No log line was written here' }));
  const said = lines.filter((line) => line.span_id === speaker.span.span_id);
  const title = speaker === row ? 'Its log lines' : `Log lines of the span above it, ${speaker.span.service} ${speaker.span.name}`;
  return h('section', {}, h('h4', { text: title }), h('ol', { class: 'inv-logs' }, ...said.map((line) => logLine(line, { linked: false }))));
}

async function fetchProfile(ctx, { service, route }, place, isCurrent) {
  const say = (text) => isCurrent() && place.append(h('h4', { text: 'Processor time' }), h('p', { class: 'inv-facts', text }));
  try {
    const sampled = await ctx.api.get('/api/profiles');
    if (!sampled.length) return say('It is sampled when the lab runs with --profile.');
    if (!sampled.some((one) => one.service === service && one.route === route)) {
      return say(`There is no sample of ${service} ${route}: it took next to none.`);
    }
    const profile = await ctx.api.get(`/api/profiles/${encodeURIComponent(service)}`, { route, frames: 'ours' });
    if (!isCurrent()) return;
    const most = heaviest(profile).map((one) => `${one.name} ${share(one.share)}`);
    place.append(
      h('h4', { text: `Processor time of ${service} ${route}` }),
      h('p', { class: 'inv-facts', text: `${profile.samples} samples. Most in ${most.join(', ')}.` }),
      flame(profile),
    );
  } catch (problem) {
    say(problem.detail || problem.message);
  }
}
