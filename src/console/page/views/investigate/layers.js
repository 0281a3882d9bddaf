// Places a graph of calls: who asks stands left of whom it asks. Pure: nodes and edges in, places out.

const SWEEPS = 6;

/** Columns of names, each column in the order from top to bottom. `edges` have `from` and `to`. */
export function columns(names, edges) {
  const known = new Set(names);
  const calls = forward(names, edges.filter((edge) => known.has(edge.from) && known.has(edge.to)));
  const depth = depths(names, calls);
  const cols = [];
  for (const name of names) (cols[depth.get(name)] ||= []).push(name);
  const filled = Array.from(cols, (column) => column || []);
  for (let sweep = 0; sweep < SWEEPS; sweep++) arrange(filled, calls, sweep % 2 === 0);
  return filled;
}

/** A place for each name: `{x, y}` is the middle of its box, and how large the whole is. */
export function places(names, edges, { width, height, across, down }) {
  const cols = columns(names, edges);
  const tallest = Math.max(1, ...cols.map((column) => column.length));
  const size = { width: cols.length * (width + across) - across, height: tallest * (height + down) - down };
  const at = new Map();
  cols.forEach((column, index) => {
    const room = size.height / column.length;
    column.forEach((name, row) => {
      at.set(name, { x: index * (width + across) + width / 2, y: room * (row + 0.5) });
    });
  });
  return { at, ...size };
}

/** Without calls to oneself and those that close a circle: what is left has an order. */
function forward(names, edges) {
  const out = new Map(names.map((name) => [name, []]));
  for (const edge of edges) if (edge.from !== edge.to) out.get(edge.from).push(edge.to);
  const state = new Map();
  const kept = [];
  const visit = (name) => {
    state.set(name, 'open');
    for (const next of out.get(name)) {
      if (state.get(next) === 'open') continue;
      kept.push({ from: name, to: next });
      if (!state.has(next)) visit(next);
    }
    state.set(name, 'done');
  };
  const asked = new Set(edges.map((edge) => edge.to));
  const first = [...names].sort((a, b) => Number(asked.has(a)) - Number(asked.has(b)));
  for (const name of first) if (!state.has(name)) visit(name);
  return kept;
}

/** The longest way from whoever nobody asks. */
function depths(names, calls) {
  const depth = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round++) {
    let moved = false;
    for (const { from, to } of calls) {
      if (depth.get(to) < depth.get(from) + 1) {
        depth.set(to, depth.get(from) + 1);
        moved = true;
      }
    }
    if (!moved) break;
  }
  return depth;
}

/** Brings neighbours to the same height: each goes where those it is joined to stand on average. */
function arrange(cols, calls, down) {
  const order = down ? [...cols.keys()] : [...cols.keys()].reverse();
  for (const index of order) {
    const height = new Map();
    cols.forEach((column) => column.forEach((name, row) => height.set(name, (row + 0.5) / column.length)));
    const wish = new Map(
      cols[index].map((name) => {
        const near = calls
          .filter((call) => (down ? call.to : call.from) === name)
          .map((call) => height.get(down ? call.from : call.to));
        const mean = near.reduce((sum, one) => sum + one, 0) / near.length;
        return [name, near.length ? mean : height.get(name)];
      }),
    );
    cols[index].sort((a, b) => wish.get(a) - wish.get(b) || a.localeCompare(b));
  }
}
