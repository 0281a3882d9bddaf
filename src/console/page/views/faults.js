// The fault bench: a fault composed by form, checked by the lab while it is typed, seen as YAML, tried, ended, and saved
// as a scenario.

import { fill, h } from '../lib/dom.js';
import { words as inWords } from '../lib/faultwords.js';
import { activeFaults, end } from './faults/active.js';
import { FIRST, body, keep, load, of } from './faults/draft.js';
import { field, properties } from './faults/field.js';
import { words as ask } from './faults/words.js';

const PAUSE_MS = 200;

export function mount(root, ctx) {
  let draft = load();
  let timer = null;
  let checked = null;
  let turn = 0;
  let over = false;
  let words = null;
  const form = h('form', { class: 'bench-form panel', 'aria-label': 'Compose a fault', novalidate: true, on: { submit: (event) => event.preventDefault() } });
  const yaml = h('pre', { class: 'bench-yaml', role: 'region', tabindex: '0', 'aria-label': 'The fault as a file writes it' });
  const verdict = h('div', { class: 'bench-verdict', role: 'status' });
  const attemptButton = h('button', { type: 'button', class: 'button primary', on: { click: () => attempt() } }, 'Try it');
  const endButton = h('button', { type: 'button', class: 'button', on: { click: () => end(ctx, draft.id) } }, 'End it');
  const saveButton = h('button', { type: 'button', class: 'button', on: { click: () => save() } }, 'Save as a scenario');
  const active = activeFaults(ctx, (fault) => begin(of(fault)));

  fill(root, h('div', { class: 'bench' },
      h('header', { class: 'bench-head' },
        h('h1', { text: 'Fault bench' }),
        h('p', { class: 'dim', text: 'Where, how often, what. Nothing breaks until you try it.' }),
        h('button', { type: 'button', class: 'button quiet', on: { click: () => begin(structuredClone(FIRST)) } }, 'Begin anew')),
      form,
      h('div', { class: 'bench-side' },
        h('section', { class: 'panel', 'aria-labelledby': 'bench-yaml-title' },
          h('h2', { id: 'bench-yaml-title', text: 'As a file writes it' }), verdict, yaml,
          h('div', { class: 'row' }, attemptButton, endButton, saveButton)),
        active.place)));

  function begin(fresh) {
    draft = fresh;
    build();
    changed();
  }

  function build() {
    if (!words) return;
    const fault = words.fault;
    const at = (name, label) => ({
      words, path: name, label, required: name === 'effect',
      suggest: (path) => words.suggestions(path, draft),
      value: draft[name],
      change(value) {
        if (value === undefined) delete draft[name];
        else draft[name] = value;
        changed();
      },
    });
    const part = (title, ...children) => h('fieldset', { class: 'bench-part' }, h('legend', { text: title }), ...children);
    draft.on ||= {};
    const target = words.plain(fault.properties.on);
    const isRare = ['product', 'category', 'version', 'tier', 'payment_method'];
    const rare = properties(target, at('on', ''), { without: Object.keys(target.properties).filter((name) => !isRare.includes(name)) });
    const often = ['service', 'seam', 'route', 'query', 'peer', 'country'];
    const common = properties({ ...target, properties: Object.fromEntries(often.filter((name) => target.properties[name]).map((name) => [name, target.properties[name]])) }, at('on', ''));
    fill(form, part('Name', field(fault.properties.id, at('id', 'id'))),
      part('Where', h('div', { class: 'bench-grid' }, ...common),
        h('details', { open: isRare.some((name) => draft.on[name] !== undefined) }, h('summary', { text: 'Narrower' }), h('div', { class: 'bench-grid' }, ...rare))),
      part('How often', field(fault.properties.share, at('share', 'share'))),
      part('What', field(fault.properties.effect, at('effect', 'effect'))),
      part('Over time', field(fault.properties.ramp, at('ramp', 'ramp')), field(fault.properties.wave, at('wave', 'wave'))));
  }

  function changed() {
    keep(draft);
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE_MS);
  }

  async function check() {
    const mine = ++turn;
    try {
      const answer = await ctx.api.post('/api/check/fault', body(draft));
      if (mine !== turn || over) return;
      checked = answer;
      tell(answer);
    } catch (problem) {
      if (mine === turn && !over) tell({ wrong: [{ field: problem.field || '', message: problem.detail || problem.message }] });
    }
  }

  function tell({ wrong, yaml: text, fault }) {
    for (const node of form.querySelectorAll('.wrong')) {
      node.hidden = true;
      node.parentElement.querySelector('input, select')?.removeAttribute('aria-invalid');
    }
    const loose = wrong.filter((one) => !beside(one));
    const count = wrong.length === 1 ? 'One thing is' : `${wrong.length} things are`;
    fill(verdict, h('p', { class: wrong.length ? 'bad' : 'good', text: wrong.length ? `✕ ${count} wrong` : '✓ It can be set' }),
      fault ? h('p', { class: 'bench-words', text: `${inWords(fault)}.` }) : null,
      ...loose.map((one) => h('p', { class: 'bad', text: one.field ? `${one.field}: ${one.message}` : one.message })));
    if (text) yaml.textContent = text;
    yaml.classList.toggle('stale-text', !text);
    attemptButton.disabled = saveButton.disabled = wrong.length > 0;
  }

  /** Says it at its field, or at the nearest one around it that is there. */
  function beside({ field: path, message }) {
    for (let at = path; at; at = at.replace(/(\.[^.[]+|\[\d+\])$/, '') === at ? '' : at.replace(/(\.[^.[]+|\[\d+\])$/, '')) {
      const node = form.querySelector(`[data-path="${CSS.escape(at)}"]`);
      const line = node && [...node.children].find((child) => child.classList.contains('wrong'));
      if (!line) continue;
      line.textContent = line.hidden ? message : `${line.textContent}; ${message}`;
      line.hidden = false;
      node.querySelector('input, select')?.setAttribute('aria-invalid', 'true');
      return true;
    }
    return false;
  }

  async function attempt() {
    try {
      const { id } = draft;
      await ctx.api.put(`/api/faults/${encodeURIComponent(id || '')}`, body(draft));
      ctx.toast(`${id} is active. Calm or “End it” ends it.`);
    } catch (problem) {
      ctx.toast(problem.detail || problem.message, 'bad');
    }
  }

  function save() {
    if (!checked?.scenario) return;
    const address = URL.createObjectURL(new Blob([checked.scenario], { type: 'application/yaml' }));
    const link = document.createElement('a');
    link.href = address;
    link.download = `${checked.fault.id}.yaml`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    ctx.toast(`${link.download} is saved. Put it into the folder of --scenarios; “doorbuster scenario check” reads it.`);
  }

  const refresh = async () => active.show(await ctx.api.get('/api/faults'));
  const offs = [
    ctx.live.on('faults', (now) => active.show(now.faults)),
    ctx.live.on('state', (now) => active.show(now.faults)),
  ];
  refresh().catch(() => {});
  ask(ctx.api).then(
    (found) => {
      if (over) return;
      words = found;
      build();
      check();
    },
    (problem) => form.append(h('p', { class: 'bad', text: problem.detail || problem.message })));
  return () => {
    over = true;
    clearTimeout(timer);
    offs.forEach((off) => off());
  };
}
