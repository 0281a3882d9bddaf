// Log lines as they come, the newest first, with filters.

import { clear, h } from '../../lib/dom.js';
import { filters, serviceField } from './filters.js';
import * as grafana from './grafana.js';
import { holdButton } from './hold.js';
import { identity, logLine } from './line.js';
import { poll } from '../../lib/poll.js';
import { trouble } from './trouble.js';

const PAUSE_MS = 2_000;
const ASKED = 200;
/** So many stay on the page; older ones are asked for by filters. */
const SHOWN = 500;

export function mount(root, ctx, { query }) {
  let wanted = query;
  let known = new Set();
  const wrong = trouble();
  const list = h('ol', { class: 'inv-logs', 'aria-label': 'Log lines, the newest first', tabindex: '0' });
  const empty = h('p', { class: 'inv-empty', text: 'No line fits.', hidden: true });
  const out = grafana.outlet(ctx, (base) => grafana.logs(base, Object.fromEntries(wanted)));
  const hold = holdButton(() => asking.now());
  const fields = filters(
    'logs',
    [
      serviceField(ctx),
      { name: 'level', label: 'Level', kind: 'choice', choices: [['', 'any'], ['info', 'info or worse'], ['warn', 'warn or worse'], ['error', 'error']] },
      { name: 'text', label: 'Holds', kind: 'text', hint: 'declined' },
      { name: 'trace_id', label: 'Trace id', kind: 'text', hint: '32 digits' },
    ],
    query,
  );
  root.append(h('h2', { class: 'visually-hidden', text: 'Logs' }), h('div', { class: 'inv-head' }, fields.form, hold.button, out.link), wrong.line, empty, list);

  const ask = async (isOver) => {
    if (hold.isHeld()) return;
    const asked = wanted.toString();
    const lines = await ctx.api.get('/api/logs', { limit: ASKED, ...Object.fromEntries(wanted) });
    if (isOver() || hold.isHeld() || asked !== wanted.toString()) return;
    wrong.none();
    const fresh = lines.filter((line) => !known.has(identity(line)));
    fresh.forEach((line) => known.add(identity(line)));
    list.prepend(...fresh.reverse().map((line) => logLine(line)));
    while (list.childElementCount > SHOWN) list.lastElementChild.remove();
    // What fell off the page cannot come again: only the newest are asked for.
    if (known.size > 4 * SHOWN) known = new Set(lines.map(identity));
    empty.hidden = list.childElementCount > 0;
  };
  const asking = poll(ask, PAUSE_MS, wrong.say);
  return {
    end: () => (asking.stop(), fields.end(), out.end()),
    filter(fresh) {
      wanted = fresh;
      fields.set(fresh);
      known = new Set();
      clear(list);
      out.point();
      hold.release();
      ask(() => false).catch(wrong.say);
      return true;
    },
  };
}
