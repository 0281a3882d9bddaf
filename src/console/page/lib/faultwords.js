// Faults in plain words: "35 % of card charges in Brazil fail". A pure function over a fault as the API has it.

export const COUNTRIES = {
  US: 'the United States', UK: 'the United Kingdom', DE: 'Germany', FR: 'France', JP: 'Japan',
  BR: 'Brazil', IN: 'India', CA: 'Canada', AU: 'Australia',
};

/** What people call some routes, as they are at their own service. */
const ROUTES = {
  'payment-provider POST /charge': 'card charges',
  'payments POST /payments': 'payments',
  'cart POST /carts/{customer}/lines': 'additions to a cart',
  'checkout POST /checkout': 'checkouts',
  'storefront POST /checkout': 'checkouts',
};
const METHODS = { credit_card: 'credit card', debit_card: 'debit card', paypal: 'PayPal', bank_transfer: 'bank transfer' };

/** One sentence without its full stop. */
export function words(fault) {
  const [name, how] = effectOf(fault);
  const on = fault.on ?? {};
  const service = on.service ?? 'every service';
  const make = SENTENCES[name];
  const sentence = make ? make({ fault, on, how, service, part: part(fault) }) : `${name} at ${service}`;
  return capital(`${sentence}${on.version ? ` while ${service} runs version ${on.version}` : ''}`);
}

/** What stands behind the sentence, for who wants to know it exactly: where and with which numbers. */
export function exactly(fault) {
  const [name, how] = effectOf(fault);
  const on = Object.entries(fault.on ?? {}).map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(', ') : value}`);
  const parts = [name, ...Object.entries(how ?? {}).map(([key, value]) => `${key} ${flat(value)}`)];
  return `${parts.join(' ')}${on.length ? ` · ${on.join(' · ')}` : ''}`;
}

/** Whether it goes on underneath every evening: nobody has broken anything. */
export function isUnderneath(fault) {
  return fault.source === 'baseline' || fault.source.startsWith('normal/');
}

/** The name of the effect and its parameters, from either way of writing it. */
export function effectOf(fault) {
  return typeof fault.effect === 'string' ? [fault.effect, {}] : Object.entries(fault.effect ?? { nothing: {} })[0];
}

const SENTENCES = {
  fail: ({ part, how }) => `${part} fail${retryAfter(how)}`,
  delay: ({ part, how }) => `${part} take ${longer(how)}`,
  hang: ({ part }) => `${part} are never answered`,
  down: ({ service }) => `${service} is down: it refuses every connection`,
  hold_connections: ({ how, service }) =>
    how.share !== undefined
      ? `${percent(how.share)} of ${its(service)} database connections are taken`
      : `${how.count} of ${its(service)} database connections are taken`,
  slow_query: ({ part, how }) => `${part} take ${span(how.extra)} longer inside the database`,
  hold_lock: ({ part, how }) => `${part} keep the table ${how.table} locked for ${span(how.for)}`,
  burn_cpu: ({ part, how }) => `${part} burn ${span(how.per_crossing)} of processor time each`,
  leak_memory: ({ part, how }) => `${part} leak ${size(how.per_crossing)} each, ${size(how.cap)} at most`,
  cache_outage: ({ fault, service }) =>
    isAll(fault) ? `${its(service)} cache does not answer` : `${percent(fault.share)} of ${its(service)} calls to its cache get no answer`,
  retry: ({ on, how, fault, service }) =>
    `${service} asks ${on.peer ?? 'others'} up to ${how.attempts} times${pause(how.backoff)}${isAll(fault) ? '' : `, in ${percent(fault.share)} of its calls`}`,
  lose_context: ({ part }) => `${part} lose their trace on the way`,
};

/** "35 % of card charges in Brazil". */
function part(fault) {
  const noun = `${crossings(fault)}${who(fault.on ?? {})}`;
  return isAll(fault) ? noun : `${percent(fault.share)} of ${noun}`;
}

/** What passes where the fault bites, in the plural. */
function crossings(fault) {
  const on = fault.on ?? {};
  const at = on.service ? ` at ${on.service}` : ' everywhere';
  const from = on.service ? ` from ${on.service}` : '';
  const [effect] = effectOf(fault);
  if (on.query) return `${on.query} ${on.seam === 'cache' ? 'calls' : 'queries'}${at}`;
  if (on.peer || on.seam === 'outbound' || effect === 'lose_context') {
    return `calls${from}${on.peer ? ` to ${on.peer}` : ' to other services'}${on.route ? ` (${on.route})` : ''}`;
  }
  if (on.seam === 'database' || effect === 'slow_query' || effect === 'hold_lock') return `queries${at}`;
  if (on.seam === 'cache') return `calls${from} to its cache`;
  if (on.route) return ROUTES[`${on.service} ${on.route}`] ?? `${on.route} requests${at}`;
  return on.service ? `requests to ${on.service}` : 'requests to every service';
}

/** Whom it is about. */
function who(on) {
  const list = (values, name) => (values?.length ? joined(values.map((value) => name(value))) : '');
  const [countries, methods, tiers] = [
    list(on.country, (code) => COUNTRIES[code] ?? code),
    list(on.payment_method, (method) => METHODS[method] ?? method),
    list(on.tier, (tier) => tier),
  ];
  const [products, categories] = [list(on.product, (product) => product), list(on.category, (category) => category)];
  return [
    tiers && ` of ${tiers} customers`,
    methods && ` by ${methods}`,
    products && ` about product ${products}`,
    categories && ` about ${categories}`,
    countries && ` in ${countries}`,
  ].filter(Boolean).join('');
}

function longer(how) {
  const [kind, value] = Object.entries(how ?? {})[0] ?? [];
  if (kind === 'fixed') return `${span(value)} longer`;
  if (kind === 'uniform') return `${span(value.from)} to ${span(value.to)} longer`;
  if (kind === 'normal') return `about ${span(value.mean)} longer`;
  if (kind === 'long_tail') return `about ${span(value.median)} longer, one in a hundred ${span(value.p99)}`;
  return 'longer';
}

function retryAfter(how) {
  return how?.retry_after ? ` and ask to be left alone for ${span(how.retry_after)}` : '';
}

function pause(backoff) {
  return !backoff || /^0/.test(backoff) ? ' without a pause' : `, ${span(backoff)} apart`;
}

function isAll(fault) {
  return fault.share === undefined || fault.share === null || number(fault.share) >= 100;
}

function number(share) {
  return typeof share === 'number' ? share * 100 : parseFloat(share);
}

/** "35 %"; a share that ramps has no use for its decimals. */
function percent(share) {
  const value = number(share);
  return `${value >= 1 ? Math.round(value) : Number(value.toPrecision(2))}\u00a0%`;
}

/** "1m 30s" as people write it: "1 min 30 s". */
function span(text) {
  return String(text ?? '').replace(/(\d+(?:\.\d+)?)\s*([a-zµ]+)/g, (_, count, unit) => `${count}\u00a0${unit === 'm' ? 'min' : unit}`);
}

function size(text) {
  return String(text ?? '').replace(/(\d+(?:\.\d+)?)\s*([A-Za-z]+)/, '$1\u00a0$2');
}

function its(service) {
  return service === 'every service' ? 'every service’s' : service.endsWith('s') ? `${service}’` : `${service}’s`;
}

function joined(list, last = 'and') {
  const all = list.map(String);
  return all.length > 1 ? `${all.slice(0, -1).join(', ')} ${last} ${all.at(-1)}` : all[0] ?? '';
}

function flat(value) {
  if (value === null || typeof value !== 'object') return String(value);
  return Object.entries(value).map(([key, inner]) => `${key} ${flat(inner)}`).join(', ');
}

function capital(text) {
  // The name of a query is written as it is.
  return text.split(' ', 1)[0].includes('.') ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
