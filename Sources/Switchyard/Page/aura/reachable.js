import { Calls, CallError } from './calls.js';

/** A registration is good for a minute. */
const REFRESH = 25_000;

/**
 * A registered user who can be called: their line to the server while the page is open.
 *
 * Dispatches `change` (`isRegistered` is another), `invitation` (`detail` is `{room, call_id, from_user, auth_token}`), `withdrawn`
 * (`detail.room`: somebody else of the user's took the call, or it rang for too long) and `refused` (`detail` is a sentence; it is over then).
 */
export class Reachable extends EventTarget {
  isRegistered = false;
  #calls;
  #user;
  #timer = 0;

  /** `user` is `{username, password}`. */
  constructor(url, user) {
    super();
    this.#user = user;
    this.#calls = new Calls(url);
    this.#calls.addEventListener('open', () => this.#register());
    this.#calls.addEventListener('lost', () => this.#become(false));
    this.#calls.addEventListener('notification', ({ detail }) => this.#receive(detail));
    this.#calls.connect();
  }

  decline({ room, auth_token: token }) {
    this.#calls.notify('room_invite_reject', { room, auth_token: token });
  }

  close() {
    clearTimeout(this.#timer);
    this.#calls.close();
  }

  async #register() {
    clearTimeout(this.#timer);
    try {
      await this.#calls.request('register_room_api', this.#user);
      this.#become(true);
      this.#timer = setTimeout(() => this.#register(), REFRESH);
    } catch (error) {
      if (!(error instanceof CallError)) return;
      this.close();
      const words = error.code === 401 ? 'The user name or the password is wrong.' : `You cannot be called: ${error.message}.`;
      this.dispatchEvent(new CustomEvent('refused', { detail: words }));
    }
  }

  #become(registered) {
    if (!registered) clearTimeout(this.#timer);
    this.isRegistered = registered;
    this.dispatchEvent(new Event('change'));
  }

  #receive({ method, params }) {
    if (method === 'room_invite') this.dispatchEvent(new CustomEvent('invitation', { detail: params }));
    if (method === 'room_invite_completed_elsewhere') this.dispatchEvent(new CustomEvent('withdrawn', { detail: params }));
  }
}
