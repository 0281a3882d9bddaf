// The documented control API: JSON in, JSON out. A refusal is thrown as a Problem.

import { live } from './live.js';
import { askForToken, forgetToken, token } from './token.js';

/** What the lab answers instead (RFC 9457). `status` is 0 when it did not answer at all. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `the lab answered ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.title = body.title ?? '';
    this.detail = body.detail ?? this.message;
    this.field = body.field ?? null;
    this.trace_id = body.trace_id ?? null;
  }
}

/** No answer takes longer; a lab that is stopped takes calls, and does them when it goes on. */
const PATIENCE_MS = 20_000;
/** What is asked for in an emergency is asked for whatever happens. */
const ALWAYS = ['/api/calm'];

export const api = {
  /** `query`: names and values; a list says its name once for each value; what is empty is left out. */
  get: (path, query) => call('GET', path + search(query)),
  post: (path, body) => call('POST', path, body),
  put: (path, body) => call('PUT', path, body),
  del: (path) => call('DELETE', path),
  /** The text as it is, for what is no JSON: a scenario's file, a runbook. */
  text: (path, accept = 'text/plain') => call('GET', path, undefined, accept),
};

async function call(method, path, body, accept = 'application/json') {
  let response = await send(method, path, body, accept);
  if (response.status === 401 && (await askForToken())) {
    response = await send(method, path, body, accept);
    if (response.status === 401) forgetToken();
  }
  const read = await content(response);
  if (response.ok) return read;
  throw new Problem(response.status, read !== null && typeof read === 'object' ? read : { detail: read || undefined });
}

async function send(method, path, body, accept) {
  if (method !== 'GET' && live.stale() && !ALWAYS.includes(path)) {
    throw new Problem(0, { title: 'stale', detail: 'the lab is not heard, and would do it some time later' });
  }
  const headers = { accept };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token()) headers.authorization = `Bearer ${token()}`;
  try {
    return await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Problem(0, { title: 'no answer', detail: 'the lab does not answer' });
  }
}

async function content(response) {
  if (response.status === 204) return null;
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  if (type.includes('ndjson')) return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  if (!type.includes('json')) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(response.status, { title: 'broken answer', detail: 'the lab broke off its answer' });
  }
}

function search(query) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== '') pairs.append(name, String(one));
    }
  }
  const text = pairs.toString();
  return text ? `?${text}` : '';
}
