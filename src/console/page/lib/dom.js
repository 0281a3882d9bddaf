// Elements and text, made by hand. Nothing here ever reads HTML: what came from the shop or from a signal stays text.

const SVG = 'http://www.w3.org/2000/svg';
// What a browser keeps as a property and not as an attribute.
const PROPERTIES = new Set(['value', 'checked', 'selected', 'indeterminate', 'open', 'scrollTop']);
const SAFE_LINK = /^(https?:\/\/|[/#.?])/i;

/** An element: `h('button', { class: 'quiet', on: { click } }, 'Close')`. Null and false children are left out. */
export function h(tag, props, ...children) {
  return build(document.createElement(tag), props, children);
}

/** The same within a drawing: `svg('path', { d })`. */
export function svg(tag, props, ...children) {
  return build(document.createElementNS(SVG, tag), props, children);
}

/** A name such as `HighErrorRate`, which may be broken between its words. */
export function broken(name) {
  return String(name).split(/(?<=[a-z])(?=[A-Z])/).flatMap((word, index) => (index ? [h('wbr'), word] : [word]));
}

/** Takes everything out of a node; returns it. */
export function clear(node) {
  node.replaceChildren();
  return node;
}

/** Puts other children into a node; returns it. */
export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

function build(node, props, children) {
  if (isChild(props)) append(node, [props]);
  else for (const [name, value] of Object.entries(props ?? {})) set(node, name, value);
  append(node, children);
  return node;
}

function isChild(props) {
  return typeof props === 'string' || typeof props === 'number' || props instanceof Node || Array.isArray(props);
}

function set(node, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name === 'class') node.setAttribute('class', Array.isArray(value) ? value.filter(Boolean).join(' ') : value);
  else if (name === 'text') node.textContent = String(value);
  else if (name === 'on') for (const [event, fn] of Object.entries(value)) node.addEventListener(event, fn);
  else if (name === 'dataset') Object.assign(node.dataset, value);
  else if (name === 'style') for (const [key, one] of Object.entries(value)) node.style.setProperty(key, one);
  else if (name.startsWith('on') || name === 'innerHTML' || name === 'srcdoc') throw new Error(`no ${name} here`);
  else if ((name === 'href' || name === 'src') && !SAFE_LINK.test(String(value))) node.setAttribute('title', String(value));
  else if (PROPERTIES.has(name)) node[name] = value;
  else node.setAttribute(name, value === true ? '' : String(value));
}

function append(node, children) {
  for (const child of children) {
    if (child === undefined || child === null || child === false || child === true) continue;
    if (Array.isArray(child)) append(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
}
