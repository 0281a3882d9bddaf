// A list whose lines keep their place while what they say changes: a press between two drawings must not be lost, nor the
// focus.

/**
 * Lines within `node`. `make(id)` makes one, as `{ node, say(one) }`; `show(all, idOf)` shows these and no others, in their
 * order.
 */
export function lines(node, make) {
  const known = new Map();
  return {
    node,
    count: () => known.size,
    show(all, idOf = (one) => one.id) {
      const wanted = new Set(all.map(idOf));
      for (const [id, one] of known) {
        if (wanted.has(id)) continue;
        one.node.remove();
        known.delete(id);
      }
      all.forEach((one, at) => {
        const id = idOf(one);
        if (!known.has(id)) known.set(id, make(id));
        const line = known.get(id);
        line.say(one);
        // What stands right is not moved: that would take its focus.
        if (node.children[at] !== line.node) node.insertBefore(line.node, node.children[at] ?? null);
      });
    },
  };
}
