import { cameraEncodings, openScreen } from './devices.js';
import { OwnDevices } from './own-devices.js';
import { Publisher } from './publisher.js';
import { Signalling } from './signalling.js';
import { Subscriber } from './subscriber.js';

/**
 * One visit to one room: who is in it, what we send, what we receive. Knows nothing of buttons and tiles.
 *
 * The backend behind the socket turns each message into the REST call of the same name and passes `outbound` on:
 *
 *   we send                              it answers                    the others hear
 *   join {room, name}                    joined {id, users}            user.added {user}
 *   produce {offer?, constraints?}       produced {answer?, …}         producer {id, constraints, offer?}
 *   consume {id, answer}                 consumed {id, refused?}       –
 *   offer {id}                           producer {id, …, offer}       –
 *   prefer {id, preference}              preferred {preference}        –
 *   statistics                           statistics {produce, consume} –
 *   unproduce (here: mute instead)       –                             producer.stopped {id}
 *   leave                                –                             user.deleted {id}
 *
 * Dispatches `change` (read the properties again), `notice` (`detail` is a sentence for the person), `ended` (`detail`
 * says why the meeting is over).
 */
export class Meeting extends EventTarget {
  room;
  name;
  id = null;
  /** `connecting`, `joined`, or `lost`: trying again at `retryAt`, in the terms of `Date.now()`. */
  state = 'connecting';
  retryAt = 0;
  /** The others by id: `{id, name, constraints, subscriber, refused, wanted, tile}`; `wanted` is a choice of preference.js. */
  users = new Map();
  speaker = null;
  publisher = null;
  screenTrack = null;
  /** What the relay knows of our connections, as of the last `requestStatistics`: `{produce, consume}` as in REST. */
  statistics = {};

  #signalling;
  #devices = new OwnDevices({
    changed: () => this.#change(),
    notice: (words) => this.#notice(words),
    lost: (kind) => { this.publisher?.setTrack(kind, null); this.#publish(); },
  });
  #waiting = [];
  #changed = false;
  #republishTimer = 0;
  #ended = false;

  constructor({ room, name, url }) {
    super();
    this.room = room;
    this.name = name;
    this.#signalling = new Signalling(url);
    this.#signalling.addEventListener('open', () => this.#signalling.send({ type: 'join', room, name }));
    this.#signalling.addEventListener('message', ({ detail }) => this.#receive(detail));
    this.#signalling.addEventListener('lost', ({ detail }) => this.#lost(detail.retryIn));
  }

  get micOn() { return this.#devices.micOn; }
  get cameraOn() { return this.#devices.cameraOn; }
  get localStream() { return this.#devices.stream; }

  /** Opens the wanted devices, then enters the room with those that there are. */
  async start(wanted) {
    await this.#devices.open(wanted);
    if (!this.#ended) this.#signalling.connect();
  }

  leave() {
    this.#signalling.send({ type: 'leave' });
    this.#end();
  }

  async setMicrophone(on) {
    await this.#devices.setMicrophone(on);
    return this.#publish();
  }

  async setCamera(on) {
    await this.#devices.setCamera(on);
    if (!on) await this.publisher?.setTrack('video', null);
    return this.#publish();
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
    track.onended = () => this.#stopScreen();
    this.screenTrack = track;
    this.#change();
    if (this.publisher) await this.#attempt(() => this.publisher.shareScreen(track, this.#constraints));
    else await this.#publish();
  }

  /** Says how large a picture of somebody we want. */
  want(id, choice) {
    const user = this.users.get(id);
    if (!user) return;
    user.wanted = choice;
    user.subscriber?.want(choice, user.tile);
    this.#change();
  }

  /** Says how large the tiles are: `{width, height}` in pixels of the screen, by user. */
  setTiles(tiles) {
    for (const [id, tile] of tiles) {
      const user = this.users.get(id);
      if (!user) continue;
      user.tile = tile;
      user.subscriber?.want(user.wanted, tile);
    }
  }

  requestStatistics() {
    this.#signalling.send({ type: 'statistics' });
  }

  // What comes from the backend

  #receive(message) {
    const user = this.users.get(message.id);
    switch (message.type) {
      case 'joined': this.#joined(message); break;
      case 'produced': this.#waiting.shift()?.resolve(message); break;
      case 'consumed': if (user) this.#consumed(user, message.refused ?? []); break;
      case 'user.added': this.#add(message.user); break;
      case 'user.deleted': this.#deleted(message.id); break;
      case 'producer': this.#produces(message); break;
      case 'producer.stopped': if (user) this.#stopped(user); break;
      case 'speaker': this.speaker = message.id; break;
      case 'room.deleted': this.#end('This room was closed.'); break;
      case 'statistics': this.statistics = message; return;
      case 'error': this.#refused(message); break;
      // `transport` says what the relay sees of a connection; the browser's own state is what we show.
    }
    this.#change();
  }

  #joined({ id, users }) {
    this.id = id;
    this.state = 'joined';
    this.users.clear();
    for (const user of users) {
      this.#add(user);
      if (user.offer || user.constraints) this.#produces(user);
    }
    this.#publish();
  }

  #add({ id, userInfo }) {
    if (this.users.has(id) || id === this.id) return;
    this.users.set(id, {
      id, name: String(userInfo?.name ?? id), constraints: { audio: false, video: false }, subscriber: null, refused: [],
      wanted: 'auto', tile: null,
    });
  }

  #deleted(id) {
    if (id === this.id) { this.#end('You were taken out of this room.'); return; }
    this.users.get(id)?.subscriber?.close();
    this.users.delete(id);
  }

  /** Somebody started, changed, muted: there may be an offer to answer, and there are always constraints. */
  #produces({ id, userInfo, constraints, offer }) {
    this.#add({ id, userInfo });
    const user = this.users.get(id);
    if (!user) return;
    user.constraints = constraints ?? user.constraints;
    if (!offer) return;
    if (!user.subscriber) {
      user.subscriber = this.#subscriber(id);
      if (user.tile || user.wanted !== 'auto') user.subscriber.want(user.wanted, user.tile);
    }
    user.subscriber.accept(offer);
  }

  #subscriber(id) {
    const subscriber = new Subscriber({
      consume: (answer) => this.#signalling.send({ type: 'consume', id, answer }),
      requestOffer: () => this.#signalling.send({ type: 'offer', id }),
      prefer: (preference) => this.#signalling.send({ type: 'prefer', id, preference }),
    });
    subscriber.addEventListener('tracks', () => this.#change());
    subscriber.addEventListener('state', () => this.#change());
    return subscriber;
  }

  #consumed(user, refused) {
    for (const { codec } of refused) this.#notice(`${user.name} sends ${codec ?? 'a codec'} that this browser cannot play.`);
    user.refused = refused;
  }

  #stopped(user) {
    user.subscriber?.close();
    user.subscriber = null;
    user.constraints = { audio: false, video: false };
  }

  #refused({ request, id, error }) {
    const reason = Object.values(error ?? {}).join(' ') || 'no reason given';
    if (request === 'produce') {
      this.#waiting.shift()?.reject(new Error(reason));
    } else if (request === 'join') {
      this.#end(`The room cannot be entered: ${reason}`);
    } else if (request === 'consume') {
      // Usually our answer crossed a newer offer, which then is on its way; the rest is cured by a fresh one.
      const subscriber = this.users.get(id)?.subscriber;
      if (subscriber && subscriber.state !== 'connected') setTimeout(() => this.users.has(id) && subscriber.recover(), 1_000);
    }
  }

  // What we send

  /** A microphone counts while it is unmuted; video counts for camera and screen together, since the relay stops both. */
  get #constraints() {
    return { audio: this.micOn, video: this.cameraOn || this.screenTrack !== null };
  }

  /** Makes the relay's picture of us match ours. Without any device there is nothing to publish: we only watch. */
  async #publish() {
    this.#change();
    if (this.state !== 'joined') return;
    if (!this.publisher && !this.#devices.microphone && !this.#devices.camera && !this.screenTrack) return;
    await this.#attempt(async () => {
      const isNew = !this.publisher;
      const publisher = (this.publisher ??= this.#newPublisher());
      await Promise.all([publisher.setTrack('audio', this.#devices.microphone), publisher.setTrack('video', this.#devices.camera)]);
      if (isNew && this.screenTrack) await publisher.shareScreen(this.screenTrack, this.#constraints);
      else await publisher.publish(this.#constraints);
    });
  }

  async #stopScreen() {
    if (!this.screenTrack) return;
    this.screenTrack.onended = null;
    this.screenTrack.stop();
    this.screenTrack = null;
    this.#change();
    if (this.publisher) await this.#attempt(() => this.publisher.stopScreen(this.#constraints));
  }

  #newPublisher() {
    const publisher = new Publisher((request) => this.#produce(request), this.localStream, cameraEncodings());
    publisher.addEventListener('state', () => this.#change());
    publisher.addEventListener('dead', () => {
      if (publisher === this.publisher) this.#republish('The connection that carries your picture and sound failed; making a new one.');
    });
    return publisher;
  }

  /** `produced` replies carry no number, but come in the order of the requests. */
  #produce(request) {
    return new Promise((resolve, reject) => {
      if (!this.#signalling.send({ type: 'produce', ...request })) { reject(new Error('not connected')); return; }
      const timer = setTimeout(() => this.#signalling.abandon(), 15_000);
      const settle = (then) => (value) => { clearTimeout(timer); then(value); };
      this.#waiting.push({ resolve: settle(resolve), reject: settle(reject) });
    });
  }

  async #attempt(publish) {
    const publisher = this.publisher;
    try {
      await publish();
    } catch (error) {
      // Whoever lost the socket, or was replaced, publishes anew anyway.
      const isCurrent = this.state === 'joined' && this.publisher !== null && (publisher ?? this.publisher) === this.publisher;
      if (isCurrent && !this.#ended) this.#republish(`Your picture and sound do not get through: ${error.message}. Trying again.`);
    }
    this.#change();
  }

  #republish(words) {
    this.#notice(words);
    this.#dropPublisher();
    clearTimeout(this.#republishTimer);
    this.#republishTimer = setTimeout(() => this.#publish(), 2_000);
  }

  #dropPublisher() {
    clearTimeout(this.#republishTimer);
    this.publisher?.close();
    this.publisher = null;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection to the server was lost'));
  }

  /** The backend takes us out of the room when the socket goes, so nothing of the old visit is of use. */
  #lost(retryIn) {
    this.state = 'lost';
    this.retryAt = Date.now() + retryIn;
    this.#dropPublisher();
    for (const { subscriber } of this.users.values()) subscriber?.close();
    this.users.clear();
    this.speaker = null;
    this.#change();
  }

  #end(why) {
    if (this.#ended) return;
    this.#lost(0);
    this.#ended = true;
    this.#signalling.close();
    this.#devices.close();
    this.screenTrack?.stop();
    this.dispatchEvent(new CustomEvent('ended', { detail: why }));
  }

  #notice(words) {
    this.dispatchEvent(new CustomEvent('notice', { detail: words }));
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
