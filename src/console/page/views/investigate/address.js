// Where in the investigation one is: a part and its filters, to and from the page's address, so that a reload and a
// link lead to the same place.

export const ROOT = '#/investigate';

/** `{part, id, query}` of a hash; `query` is a URLSearchParams. */
export function read(hash) {
  const [path, query] = hash.split('?', 2);
  const words = path.replace(/^#\/investigate\/?/, '').split('/').filter(Boolean);
  return { part: words[0] || 'graph', id: words[1] || null, query: new URLSearchParams(query || '') };
}

/** The hash of a part; filters without a value are left out. A list gives its name once for each value. */
export function to(part, filters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== '') query.append(name, one);
    }
  }
  const text = query.toString();
  return `${ROOT}/${part}${text ? '?' + text : ''}`;
}

let last = to('traces');

/** The list of traces one came from, with its filters. */
export function remember(query) {
  const text = query.toString();
  last = `${ROOT}/traces${text ? '?' + text : ''}`;
}

export const remembered = () => last;

export const trace = (id, span) => to(`trace/${id}`, { span });
