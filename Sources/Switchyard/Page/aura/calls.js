import { Signalling } from '../signalling.js';

// Whoever gets no answer in this time has lost the server, whatever the socket says.
const PATIENCE = 15_000;

/** Why a request was refused: `code` is as of HTTP, `message` the server's words. */
export class CallError extends Error {
  code;

  constructor({ code, message }) {
    super(String(message ?? 'no reason given'));
    this.code = Number(code);
  }
}

/**
 * Requests and notifications by JSON-RPC over one WebSocket, opened again whenever it is lost.
 *
 * Dispatches `open` (the socket is up, also after a loss), `lost` (`detail.retryIn` as of Signalling), and `notification`
 * (`detail` is `{method, params}`).
 */
export class Calls extends EventTarget {
  #signalling;
  #pending = new Map();
  #number = 0;

  constructor(url) {
    super();
    this.#signalling = new Signalling(url);
    this.#signalling.addEventListener('open', () => this.dispatchEvent(new Event('open')));
    this.#signalling.addEventListener('message', ({ detail }) => this.#receive(detail));
    this.#signalling.addEventListener('lost', ({ detail }) => {
      this.#forget();
      this.dispatchEvent(new CustomEvent('lost', { detail }));
    });
  }

  connect() {
    this.#signalling.connect();
  }

  /** Resolves with the result; rejects with a CallError, or with another error when the connection was lost meanwhile. */
  request(method, params = {}) {
    return new Promise((resolve, reject) => {
      const id = String((this.#number += 1));
      if (!this.#signalling.send({ id, method, params })) { reject(new Error('not connected')); return; }
      const timer = setTimeout(() => this.#signalling.abandon(), PATIENCE);
      this.#pending.set(id, { resolve, reject, timer });
    });
  }

  /** Tells the server something that needs no answer; false when there is no connection. */
  notify(method, params = {}) {
    return this.#signalling.send({ method, params });
  }

  close() {
    this.#signalling.close();
    this.#forget();
  }

  #receive(message) {
    const { id, method, params, result, error } = message;
    if (method !== undefined) {
      this.dispatchEvent(new CustomEvent('notification', { detail: { method, params: params ?? {} } }));
      return;
    }
    const waiting = this.#pending.get(String(id));
    if (!waiting) return;
    this.#pending.delete(String(id));
    clearTimeout(waiting.timer);
    if (error) waiting.reject(new CallError(error));
    else waiting.resolve(result);
  }

  #forget() {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new Error('the connection to the server was lost'));
    }
    this.#pending.clear();
  }
}

/** Where the calls of the page's own server go. */
export function callsAddress() {
  const address = new URL('v1/ws', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  address.search = '';
  return address.href;
}

/** A random UUID (version 4); `crypto.randomUUID` is there in secure contexts only. */
export function newCallID() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
