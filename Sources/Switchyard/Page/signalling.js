/**
 * The page's line to its backend: one WebSocket that carries JSON objects, opened again whenever it is lost.
 *
 * This class does not know what the messages mean (see meeting.js). It dispatches
 *   `open`     the socket is up, also after a loss: join (again) now;
 *   `message`  `event.detail` is the object that came;
 *   `lost`     `event.detail.retryIn` is the number of milliseconds until the next attempt.
 */
export class Signalling extends EventTarget {
  #url;
  #socket = null;
  #attempts = 0;
  #timer = 0;
  #closed = false;
  // The network came back: no reason to sit out the rest of the waiting time.
  #onOnline = () => { if (this.#timer) this.connect(); };

  constructor(url) {
    super();
    this.#url = url;
    addEventListener('online', this.#onOnline);
  }

  connect() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      this.#attempts = 0;
      this.dispatchEvent(new Event('open'));
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.dispatchEvent(new CustomEvent('message', { detail: JSON.parse(data) }));
    };
    // A failed connection also ends in `close`, so this one handler covers both.
    socket.onclose = () => this.#retry(socket);
  }

  /** Gives up a socket that seems dead: a lost network may take minutes to show as `close`. */
  abandon() {
    const socket = this.#socket;
    socket?.close();
    this.#retry(socket);
  }

  /** Sends one object; false when there is no open socket (the `open` event tells when it is worth trying again). */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #retry(socket) {
    if (socket !== this.#socket || this.#closed) return;
    this.#socket = null;
    const retryIn = Math.min(500 * 2 ** this.#attempts, 10_000) * (0.75 + Math.random() / 2);
    this.#attempts += 1;
    this.#timer = setTimeout(() => this.connect(), retryIn);
    this.dispatchEvent(new CustomEvent('lost', { detail: { retryIn } }));
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    removeEventListener('online', this.#onOnline);
    this.#socket?.close();
  }
}
