// Server-sent events with the lab's token: an EventSource sends no headers of the page's choice. As far as `live.js` uses
// one, it is the same.

import { forgetToken } from './token.js';

export class Stream {
  constructor(path, token) {
    this.onerror = null;
    this.listeners = new Map();
    this.ended = new AbortController();
    this.read(path, token);
  }

  addEventListener(name, fn) {
    this.listeners.set(name, fn);
  }

  close() {
    this.ended.abort();
  }

  async read(path, token) {
    try {
      const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
      const response = await fetch(path, { headers, signal: this.ended.signal, cache: 'no-store' });
      if (response.status === 401) forgetToken();
      if (!response.ok) throw new Error(`the lab answered ${response.status}`);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ''; ;) {
        const { done, value } = await reader.read();
        if (done) break;
        const whole = (rest + value).split('\n\n');
        rest = whole.pop();
        whole.forEach((text) => this.take(text));
      }
    } catch {
      // What is wrong is seen by the end of the stream.
    }
    if (!this.ended.signal.aborted) this.onerror?.();
  }

  take(text) {
    let name = 'message';
    const data = [];
    for (const line of text.split('\n')) {
      const at = line.indexOf(':');
      const value = line.slice(at + 1).replace(/^ /, '');
      if (line.startsWith('event:')) name = value;
      else if (line.startsWith('data:')) data.push(value);
    }
    if (data.length) this.listeners.get(name)?.({ data: data.join('\n') });
  }
}
