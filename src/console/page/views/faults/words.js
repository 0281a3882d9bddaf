// The vocabulary of faults, as the API describes itself (GET /openapi.json) and its places (GET /api/places). There is
// no second list of it here.

let asked = null;

/** Asked once; both answers do not change while the lab runs. */
export function words(api) {
  asked ||= Promise.all([api.get('/openapi.json'), api.get('/api/places')])
    .then(([document, places]) => new Words(document.components.schemas, places))
    .catch((problem) => {
      asked = null;
      throw problem;
    });
  return asked;
}

class Words {
  constructor(schemas, places) {
    this.schemas = schemas;
    this.places = places;
  }

  get fault() {
    return this.plain({ $ref: '#/components/schemas/Planned' });
  }

  /** A schema without references and without "or nothing": `{…, optional, description}`. */
  plain(schema) {
    const said = schema.description;
    let found = schema;
    let optional = false;
    for (let steps = 0; steps < 8; steps++) {
      if (found.$ref) {
        const { $ref, ...beside } = found;
        found = { ...this.schemas[$ref.split('/').pop()], ...beside };
        continue;
      }
      const some = found.oneOf?.filter((one) => one.type !== 'null');
      if (some && some.length < found.oneOf.length) {
        optional = true;
        found = some.length === 1 ? some[0] : { ...found, oneOf: some };
        continue;
      }
      break;
    }
    const types = [found.type].flat().filter((type) => type && type !== 'null');
    if ([found.type].flat().includes('null')) optional = true;
    return { ...found, type: types[0], optional, description: (said || found.description || '').replace(/`/g, '') };
  }

  /** The kinds a value can be: `[{name, schema, description}]`; one without a schema is only its name. */
  variants(schema) {
    return schema.oneOf.flatMap((one) => {
      const plain = this.plain(one);
      if (plain.enum) return plain.enum.map((name) => ({ name, schema: null, description: plain.description }));
      const name = plain.required?.[0] || Object.keys(plain.properties || {})[0];
      return [{ name, schema: plain.properties[name], description: plain.description }];
    });
  }

  /** What may stand in a text, by where it stands; of the chosen service, or of all. */
  suggestions(path, draft) {
    const on = draft.on || {};
    const own = this.places.filter((place) => !on.service || place.service === on.service);
    const asked = on.seam === 'outbound' || on.peer ? this.places.filter((place) => !on.peer || place.service === on.peer) : own;
    const all = (list, of) => [...new Set(list.flatMap(of))].sort();
    if (path === 'on.route') return all(asked, (place) => place.routes);
    if (path === 'on.query') return all(own, (place) => [...place.queries, ...place.passages]);
    if (path.endsWith('.table')) return all(own, (place) => place.tables);
    return [];
  }
}
