import { cameraEncodings, openScreen } from '../devices.js';
import { OwnDevices } from '../own-devices.js';
import { Calls, CallError, newCallID } from './calls.js';
import { Moderation } from './moderation.js';
import { Roster } from './roster.js';
import { Sender } from './sender.js';
import { Viewer } from './viewer.js';

/** The server keeps the place of who lost their socket for ten seconds; a socket that it still believes in is refused so long. */
const COME_BACK_TRIES = 12;

/**
 * One visit to one room: getting in, who is there, what we send, what we receive. Knows nothing of buttons and tiles.
 *
 * On the way in: `authenticate` gives a token, or puts us into the waiting room until an admin decides; `join_room` with that
 * token connects. After a lost socket `watch_room` takes the place up again and media goes on; a reloaded page, which still has the
 * token, joins again by it.
 *
 * Dispatches `change` (read the properties again), `notice` (`detail` is a sentence for the person), `reaction` (`{id, name}`), `level`
 * (`{id, level}`, the level as the server gives it), `knock` (`{id, name}`: somebody waits, or nudges), `news` (`detail` is a short sentence
 * about somebody), `token` (there is another one, or none) and `ended` (`detail` says why, and may be undefined).
 */
export class Meeting extends EventTarget {
  room;
  name;
  /** Our call's id, which is that of our member, too. */
  id;
  token;
  /** `connecting`, `waiting` (for an admin), `joined`, or `lost`: trying again at `retryAt`, in the terms of `Date.now()`. */
  state = 'connecting';
  retryAt = 0;
  isAdmin = false;
  roster = new Roster();
  /** What an admin may do. */
  moderation;
  /** What others may have changed of us. */
  own = { hand: false, audioMutedByAdmin: false, videoMutedByAdmin: false };
  sender = null;
  viewer;
  screenTrack = null;

  #calls;
  #credentials;
  #devices;
  #tiles = new Map();
  #changed = false;
  #ended = false;
  #rejoinTimer = 0;

  /** `credentials` go into `authenticate` as they are; `visit` is `{id, token}` of one that goes on, or null. */
  constructor({ room, name, url, credentials, visit }) {
    super();
    this.room = room;
    this.name = name;
    this.#credentials = credentials;
    this.id = visit?.id ?? newCallID();
    this.token = visit?.token ?? null;
    this.#devices = new OwnDevices({
      changed: () => this.#change(),
      notice: (words) => this.#notice(words),
      lost: (kind) => this.#sendTrack(kind),
    });
    this.viewer = new Viewer(async (sdp, members) => (
      (await this.#calls.request('subscribe_room', { sdp, members, auth_token: this.token })).sdp));
    this.viewer.addEventListener('change', () => this.#change());
    this.#calls = new Calls(url);
    this.moderation = new Moderation({
      request: (method, params) => this.#calls.request(method, params),
      decide: (id) => { this.roster.waiting.delete(id); this.#change(); return this.token; },
      notice: (words) => this.#notice(words),
    });
    this.#calls.addEventListener('open', () => this.#opened());
    this.#calls.addEventListener('lost', ({ detail }) => this.#lost(detail.retryIn));
    this.#calls.addEventListener('notification', ({ detail }) => this.#receive(detail));
  }

  get micOn() { return this.#devices.micOn; }
  get cameraOn() { return this.#devices.cameraOn; }
  get localStream() { return this.#devices.stream; }
  get others() { return [...this.roster.members.values()].filter(({ id }) => id !== this.id); }

  /** Opens the wanted devices, then knocks at the room with those that there are. */
  async start(wanted) {
    await this.#devices.open(wanted);
    if (!this.#ended) this.#calls.connect();
  }

  leave() {
    this.#calls.notify('leave_room');
    this.#end();
  }

  nudge() {
    return this.#calls.notify('still_waiting');
  }

  // What we do in the room

  /** Whom an admin has muted may still turn their own off, and on again only afterwards. */
  async setMicrophone(on) {
    if (on && this.own.audioMutedByAdmin) { this.#notice('An admin turned off your microphone, and can turn it on again.'); return; }
    await this.#devices.setMicrophone(on);
    await this.#sendTrack('audio');
  }

  async setCamera(on) {
    if (on && this.own.videoMutedByAdmin) { this.#notice('An admin turned off your camera, and can turn it on again.'); return; }
    await this.#devices.setCamera(on);
    await this.#sendTrack('video');
  }

  async setScreen(on) {
    if (!on) return this.#stopScreen();
    let track;
    try {
      track = await openScreen();
    } catch (error) {
      // Changing one's mind in the browser's chooser is no failure.
      if (error.name !== 'NotAllowedError') this.#notice(`The screen cannot be shared: ${error.message}.`);
      return;
    }
    if (this.#ended) { track.stop(); return; }
    track.onended = () => this.#stopScreen();
    this.screenTrack = track;
    await this.#sendTrack('video');
    this.#calls.notify('start_screen_share');
  }

  setHand(up) {
    this.own.hand = up;
    this.#calls.notify(up ? 'raise_hand' : 'unraise_hand');
    this.#change();
  }

  react(name) {
    if (!this.#calls.notify('send_reaction', { reaction: name })) return;
    this.dispatchEvent(new CustomEvent('reaction', { detail: { id: this.id, name } }));
  }

  /** Says how large the tiles of others are: `{width, height}` in pixels of the screen, by member. */
  setTiles(tiles) {
    this.#tiles = tiles;
    this.#look();
  }

  // The way in, and back

  async #opened() {
    try {
      if (this.token) await this.#comeBack();
      else await this.#authenticate();
    } catch (error) {
      if (error instanceof CallError) this.#refused(error);
      // Otherwise the socket was lost again, and `open` comes again.
    }
  }

  async #authenticate() {
    try {
      const { auth_token: token } = await this.#calls.request('authenticate', {
        room: this.room, call_id: this.id, display_name: this.name, ...this.#credentials,
      });
      this.#keep(token);
    } catch (error) {
      if (!(error instanceof CallError) || error.code !== 403 || !/waiting/.test(error.message)) throw error;
      this.state = 'waiting';
      this.#change();
      return;
    }
    await this.#join();
  }

  async #comeBack(tries = COME_BACK_TRIES) {
    try {
      if (this.sender?.state === 'connected') await this.#watch();
      else await this.#join();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (error.code === 409 && tries > 1) {
        await new Promise((resolve) => { setTimeout(resolve, 1_000); });
        if (!this.#ended) await this.#comeBack(tries - 1);
        return;
      }
      // Our place is gone, or a copy of this page has it: knock as somebody new.
      this.#keep(null);
      this.id = newCallID();
      this.#dropMedia();
      await this.#authenticate();
    }
  }

  /** Media went on while the socket was away; what we did meanwhile the server does not know yet. */
  async #watch() {
    await this.#calls.request('watch_room', { auth_token: this.token });
    this.#enter(await this.#calls.request('get_room_members'));
    this.#tellOwnState();
    this.viewer.refresh();
    await this.#askWhoWaits();
  }

  async #join() {
    this.#dropSender();
    const sender = this.#newSender();
    this.sender = sender;
    await Promise.all([this.#putTrack('audio'), this.#putTrack('video')]);
    const { sdp, members, is_admin: isAdmin } = await this.#calls.request('join_room', {
      sdp: await sender.offer(), auth_token: this.token, audio_muted: !this.micOn, video_muted: !this.#isShowing,
    });
    if (sender !== this.sender) return;
    await sender.accept(sdp);
    this.isAdmin = isAdmin === true;
    this.#enter(members);
    if (this.screenTrack) this.#calls.notify('start_screen_share');
    await this.#askWhoWaits();
  }

  #enter(members) {
    this.roster.replaceMembers(members);
    const me = this.roster.members.get(this.id);
    if (me) Object.assign(this.own, { hand: me.hand, audioMutedByAdmin: me.audioMutedByAdmin, videoMutedByAdmin: me.videoMutedByAdmin });
    this.state = 'joined';
    this.#look();
    this.#change();
  }

  async #askWhoWaits() {
    if (!this.isAdmin) return;
    try {
      this.roster.replaceWaiting(await this.#calls.request('get_waiting_room_members'));
    } catch {
      // Who waits is told again when they nudge; that is no reason to leave.
      return;
    }
    for (const { id, name } of this.roster.waiting.values()) this.#knock(id, name);
    this.#change();
  }

  #refused({ code, message }) {
    switch (code) {
      case 401: this.#end(this.#credentials.room_password || this.#credentials.password
        ? 'The user name or the password is wrong.' : 'This room asks for a password.'); break;
      case 404: this.#end('There is no such room.'); break;
      default: this.#end(`The room cannot be entered: ${message}.`);
    }
  }

  #keep(token) {
    this.token = token;
    this.dispatchEvent(new Event('token'));
  }

  // What the server tells

  #receive({ method, params }) {
    const { member } = params;
    const before = this.roster.members.get(member)?.name;
    this.roster.apply(method, params);
    if (member === this.id && member !== undefined) this.#happenedToUs(method, params);
    switch (method) {
      case 'member_allowed': this.#keep(params.auth_token); this.#opened(); break;
      case 'member_rejected': this.#end('An admin did not let you in.'); return;
      case 'member_waiting': this.#knock(member, this.roster.waiting.get(member).name); break;
      case 'member_join_room': this.#news(`${this.roster.members.get(params.id).name} came`); this.#look(); break;
      case 'member_leave_room': if (before) this.#news(`${before} left`); this.#look(); break;
      case 'member_raise_hand': if (before) this.#news(`${before} raised a hand`); break;
      case 'member_start_screen_share': if (before) this.#news(`${before} shares a screen`); break;
      case 'member_send_reaction':
        this.dispatchEvent(new CustomEvent('reaction', { detail: { id: member, name: params.reaction } }));
        return;
      case 'member_audio_level':
        this.dispatchEvent(new CustomEvent('level', { detail: { id: member, level: Number(params.audio_level) || 0 } }));
        return;
      case 'member_available_rate': return;
    }
    this.#change();
  }

  #happenedToUs(method, { by_admin: byAdmin }) {
    const muting = /^member_(mute|unmute)_(audio|video)$/.exec(method);
    if (muting && byAdmin) {
      const [, verb, kind] = muting;
      const device = kind === 'audio' ? 'microphone' : 'camera';
      this.own[`${kind}MutedByAdmin`] = verb === 'mute';
      this.#notice(verb === 'mute' ? `An admin turned off your ${device}.` : `An admin lets your ${device} be used again.`);
    }
    if (method === 'member_unraise_hand') this.own.hand = false;
    if (method === 'member_leave_room') this.#end(byAdmin ? 'You were removed from this room, or it was closed.' : 'You are no longer in this room.');
  }

  #knock(id, name) {
    this.dispatchEvent(new CustomEvent('knock', { detail: { id, name } }));
  }

  // What we send

  /** Whether there is a picture of ours: the camera's, or the screen's on the same m-line. */
  get #isShowing() { return this.cameraOn || this.screenTrack !== null; }

  async #sendTrack(kind) {
    this.#change();
    await this.#putTrack(kind);
    this.#tellOwnMuting(kind);
    this.#change();
  }

  #putTrack(kind) {
    return this.sender?.setTrack(kind, kind === 'audio' ? this.#devices.microphone : this.screenTrack ?? this.#devices.camera);
  }

  #tellOwnMuting(kind) {
    const isOn = kind === 'audio' ? this.micOn : this.#isShowing;
    this.#calls.notify(`${isOn ? 'unmute' : 'mute'}_${kind}`);
  }

  #tellOwnState() {
    this.#tellOwnMuting('audio');
    this.#tellOwnMuting('video');
    if (this.screenTrack) this.#calls.notify('start_screen_share');
  }

  async #stopScreen() {
    if (!this.screenTrack) return;
    this.screenTrack.onended = null;
    this.screenTrack.stop();
    this.screenTrack = null;
    this.#calls.notify('stop_screen_share');
    await this.#sendTrack('video');
  }

  #newSender() {
    const sender = new Sender(this.localStream, cameraEncodings());
    sender.addEventListener('state', () => this.#change());
    sender.addEventListener('dead', () => sender === this.sender && this.#rejoin());
    return sender;
  }

  /** Another network: a new connection with the same place in the room. */
  #rejoin() {
    if (this.state !== 'joined') return;
    this.#notice('The connection that carries your picture and sound failed; making a new one.');
    clearTimeout(this.#rejoinTimer);
    this.#rejoinTimer = setTimeout(() => this.state === 'joined' && this.#opened(), 1_000);
  }

  // What we receive

  /** Asks for the pictures of those with a tile, in its size. */
  #look() {
    if (this.state !== 'joined') return;
    const people = this.others.filter(({ id, isTelephone }) => !isTelephone && this.#tiles.has(id));
    const sharing = people.filter((each) => each.sharing);
    const ordered = [...sharing, ...people.filter((each) => !each.sharing)];
    this.viewer.show(ordered.map(({ id }) => {
      const { width, height } = this.#tiles.get(id);
      return { id, width: Math.round(width), height: Math.round(height) };
    }));
  }

  // Endings

  #lost(retryIn) {
    this.state = 'lost';
    this.retryAt = Date.now() + retryIn;
    this.#change();
  }

  #dropSender() {
    clearTimeout(this.#rejoinTimer);
    this.sender?.close();
    this.sender = null;
  }

  #dropMedia() {
    this.#dropSender();
    this.viewer.close();
    this.roster.clear();
    Object.assign(this.own, { hand: false, audioMutedByAdmin: false, videoMutedByAdmin: false });
  }

  #end(why) {
    if (this.#ended) return;
    this.#ended = true;
    this.#keep(null);
    this.#dropMedia();
    this.#calls.close();
    this.#devices.close();
    this.screenTrack?.stop();
    this.dispatchEvent(new CustomEvent('ended', { detail: why }));
  }

  #notice(words) {
    this.dispatchEvent(new CustomEvent('notice', { detail: words }));
  }

  #news(words) {
    this.dispatchEvent(new CustomEvent('news', { detail: words }));
  }

  /** Many things change at once; whoever draws wants to hear of it once. */
  #change() {
    if (this.#changed) return;
    this.#changed = true;
    queueMicrotask(() => {
      this.#changed = false;
      if (!this.#ended) this.dispatchEvent(new Event('change'));
    });
  }
}
