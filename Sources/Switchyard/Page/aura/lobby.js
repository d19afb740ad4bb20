import { recall } from '../parts.js';
import { callsAddress } from './calls.js';
import { Directory, accessWords, roomIn } from './directory.js';
import { Reachable } from './reachable.js';

const at = (id) => document.getElementById(id);

/**
 * The forms before the meeting: which room and as whom, the server's rooms, a new room, and waiting for a call.
 *
 * Dispatches `join` (`detail` is `{room, name, credentials, devices, visit}`).
 */
export class Lobby extends EventTarget {
  #directory = new Directory();
  #loaded = Promise.resolve();
  #reachable = null;
  #invitation = null;

  constructor() {
    super();
    const address = new URLSearchParams(location.search);
    at('room').value = address.get('room') ?? '';
    at('name').value = address.get('name') ?? recall('name') ?? '';
    at('join-form').addEventListener('submit', (event) => { event.preventDefault(); this.#join(); });
    at('make-form').addEventListener('submit', (event) => { event.preventDefault(); this.#make(); });
    at('make-form').addEventListener('change', () => this.#askForWhatIsNeeded());
    at('room').addEventListener('input', () => this.#drawRooms());
    at('reach').addEventListener('click', () => (this.#reachable ? this.#stopReaching() : this.#startReaching()));
    at('accept').addEventListener('click', () => this.#accept());
    at('decline').addEventListener('click', () => this.#decline());
    at('invitation').addEventListener('cancel', () => this.#decline());
    this.#load();
  }

  /** What to call that room on the page. */
  nameOf(id) {
    return this.#directory.nameOf(id) ?? (/^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(id) ? 'Meeting' : id);
  }

  /** Enters by the page's address; `visit` is `{room, id, token}` of before a reload, or null. */
  joinAtOnce(visit) {
    if (!at('join-form').checkValidity()) return;
    // Once the directory is there, so that the room has its name.
    this.#loaded.then(() => this.#join(visit?.room === roomIn(at('room').value) ? visit : null));
  }

  /** Back from a meeting; `why` is a sentence or undefined. */
  return(why) {
    this.#say('join-problem', why);
    this.#say('join-note', '');
    if (/password/.test(why ?? '')) at('secrets').open = true;
    this.#load();
    at('join-button').focus();
  }

  #load() {
    this.#loaded = this.#directory.load().then((isThere) => {
      at('rooms-card').hidden = !isThere;
      this.#drawRooms();
    });
  }

  #join(visit = null) {
    const room = roomIn(at('room').value);
    const name = at('name').value.trim();
    if (!room || !name) return;
    const credentials = { ...this.#account() };
    if (at('room-password').value) credentials.room_password = at('room-password').value;
    this.#enter({ room, name, credentials, visit });
  }

  #enter(details) {
    this.#stopReaching();
    this.#say('join-note', '');
    const devices = { audio: at('start-audio').checked, video: at('start-video').checked };
    this.dispatchEvent(new CustomEvent('join', { detail: { ...details, devices } }));
  }

  #account() {
    const username = at('username').value.trim();
    return username ? { username, password: at('password').value } : null;
  }

  #say(id, words) {
    at(id).textContent = words ?? '';
    at(id).hidden = !words;
  }

  // The rooms of this server

  #drawRooms() {
    const { rooms } = this.#directory;
    const chosen = roomIn(at('room').value);
    at('no-rooms').hidden = rooms.length > 0;
    at('rooms').replaceChildren(...rooms.map((room) => {
      const row = document.createElement('li');
      const button = document.createElement('button');
      const name = document.createElement('span');
      const access = document.createElement('small');
      button.type = 'button';
      button.dataset.room = room.uuid;
      button.ariaPressed = String(room.uuid === chosen);
      name.textContent = room.name;
      access.textContent = accessWords(room);
      button.append(name, access);
      button.addEventListener('click', () => this.#choose(room));
      row.append(button);
      return row;
    }));
  }

  #choose(room) {
    at('room').value = room.uuid;
    if (/password/.test(accessWords(room))) at('secrets').open = true;
    this.#drawRooms();
    (at('name').value ? at('join-button') : at('name')).focus();
  }

  #access() {
    return at('make-form').elements.access.value;
  }

  /** A password where there is one; an admin where somebody has to decide. */
  #askForWhatIsNeeded() {
    const access = this.#access();
    at('make-password-label').hidden = access !== 'password';
    at('make-password').required = access === 'password';
    at('make-admin').required = access === 'waiting';
    at('make-admin-note').hidden = access === 'waiting';
    at('make-admin-password').required = at('make-admin').value.trim() !== '';
  }

  async #make() {
    const username = at('make-admin').value.trim();
    const admin = username
      ? { username, password: at('make-admin-password').value, displayName: at('name').value.trim() || username } : null;
    at('make-button').disabled = true;
    try {
      const name = at('make-name').value.trim();
      const room = await this.#directory.make({ name, access: this.#access(), password: at('make-password').value, admin });
      this.#take(room, admin);
      this.#say('join-note', `The room “${name}” is made. Join it, and send others its link.`);
    } catch (error) {
      this.#say('make-problem', `The room could not be made: ${error.message}.`);
    }
    at('make-button').disabled = false;
  }

  /** The new room goes into the form, with what whoever made it needs to enter. */
  #take(room, admin) {
    at('room').value = room;
    at('room-password').value = this.#access() === 'password' ? at('make-password').value : '';
    if (admin) {
      at('username').value = admin.username;
      at('password').value = admin.password;
    }
    at('secrets').open ||= admin !== null || at('room-password').value !== '';
    at('make-form').reset();
    at('make').open = false;
    this.#askForWhatIsNeeded();
    this.#say('make-problem', '');
    this.#say('join-problem', '');
    this.#load();
    (at('name').value ? at('join-button') : at('name')).focus();
  }

  // Calls

  #startReaching() {
    const user = this.#account();
    if (!user) {
      at('secrets').open = true;
      this.#say('join-problem', 'To be called, give your user name and password.');
      at('username').focus();
      return;
    }
    this.#say('join-problem', '');
    this.#reachable = new Reachable(callsAddress(), user);
    this.#reachable.addEventListener('change', () => this.#drawReach());
    this.#reachable.addEventListener('invitation', ({ detail }) => this.#ring(detail));
    this.#reachable.addEventListener('withdrawn', ({ detail }) => this.#invitation?.room === detail.room && this.#closeInvitation());
    this.#reachable.addEventListener('refused', ({ detail }) => { this.#stopReaching(); this.#say('join-problem', detail); });
    this.#drawReach();
  }

  #stopReaching() {
    this.#reachable?.close();
    this.#reachable = null;
    this.#closeInvitation();
    this.#drawReach();
  }

  #drawReach() {
    at('reach').ariaPressed = String(this.#reachable !== null);
    at('reach').querySelector('span').textContent = !this.#reachable ? 'Wait here for a call'
      : this.#reachable.isRegistered ? 'You can be called; press to stop' : 'Connecting…';
  }

  #ring(invitation) {
    if (this.#invitation) return;
    this.#invitation = invitation;
    at('invitation-words').textContent = 'Somebody calls you into a meeting.';
    at('invitation').showModal();
    at('accept').focus();
  }

  #closeInvitation() {
    this.#invitation = null;
    at('invitation').close();
  }

  #accept() {
    const { room, call_id: id, auth_token: token } = this.#invitation;
    const credentials = this.#account() ?? {};
    at('room').value = room;
    this.#enter({ room, name: at('name').value.trim() || credentials.username || 'Somebody', credentials, visit: { id, token } });
  }

  #decline() {
    if (this.#invitation) this.#reachable?.decline(this.#invitation);
    this.#closeInvitation();
  }
}
