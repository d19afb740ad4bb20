import { preference } from './preference.js';

/**
 * What this page receives from one producer: one peer connection, offered by the relay and answered here.
 *
 * Every offer goes to `accept`. An offer whose `o=` session id is the one we already have renegotiates that connection
 * (the producer added or removed a track, or ICE restarts); any other is a new connection that takes the old one's place.
 *
 * `consume(answer)`, `requestOffer()` and `prefer(preference)` (given by the owner) speak to the backend.
 * Dispatches `tracks` when the tracks may have changed, and `state` when the connection's state has.
 */
export class Subscriber extends EventTarget {
  #consume;
  #requestOffer;
  #prefer;
  #connection = null;
  #session = null;
  #queue = Promise.resolve();
  #timer = 0;
  #wish = null;
  #told = '';

  constructor({ consume, requestOffer, prefer }) {
    super();
    this.#consume = consume;
    this.#requestOffer = requestOffer;
    this.#prefer = prefer;
  }

  get connection() { return this.#connection; }
  get state() { return this.#connection?.connectionState ?? 'new'; }

  /** Answers an offer; offers that come quickly are answered one after the other. */
  accept(offer) {
    const done = this.#queue.then(() => this.#answer(offer));
    this.#queue = done.catch((error) => {
      console.warn('an offer could not be answered', error);
      this.#recoverIn(2_000);
    });
  }

  /**
   * `{audio, camera, screen}`, each a track or null. The first video m-line is the camera and a second one the screen;
   * the position in the description counts, since a connection's transceivers may be in another order.
   */
  tracks() {
    const found = this.#receivers();
    return { audio: found.audio?.receiver.track ?? null, camera: found.camera?.receiver.track ?? null, screen: found.screen?.receiver.track ?? null };
  }

  /**
   * Says how large a picture of the camera is of use: `choice` is one of preference.js, `tile` where it is shown. It stays so,
   * whatever becomes of the connection.
   */
  want(choice, tile) {
    this.#wish = preference(choice, tile);
    this.#tellWish();
  }

  #tellWish() {
    const { camera } = this.#receivers();
    if (!camera || !this.#wish) return;
    const wish = { mid: camera.mid, ...this.#wish };
    const text = JSON.stringify(wish);
    if (text === this.#told) return;
    this.#told = text;
    this.#prefer(wish);
  }

  /** The transceivers that `tracks` are of. */
  #receivers() {
    const found = { audio: null, camera: null, screen: null };
    if (!this.#connection?.currentRemoteDescription) return found;
    const transceivers = new Map(this.#connection.getTransceivers().map((each) => [each.mid, each]));
    let videos = 0;
    for (const { kind, mid } of mediaLines(this.#connection.currentRemoteDescription.sdp)) {
      const slot = kind === 'audio' ? 'audio' : videos++ === 0 ? 'camera' : 'screen';
      const transceiver = transceivers.get(mid);
      const receives = transceiver?.currentDirection === 'recvonly' || transceiver?.currentDirection === 'sendrecv';
      if (receives && !found[slot]) found[slot] = transceiver;
    }
    return found;
  }

  /** Asks for a fresh offer, now and then until the connection works. */
  recover() {
    this.#recoverIn(0);
  }

  close() {
    clearTimeout(this.#timer);
    this.#connection?.close();
    this.#connection = null;
    this.#session = null;
  }

  async #answer(offer) {
    const session = sessionId(offer.sdp);
    if (!this.#connection || this.#session !== session) this.#replaceConnection(session);
    const connection = this.#connection;
    await connection.setRemoteDescription(offer);
    await connection.setLocalDescription();
    if (connection !== this.#connection) return;
    const { type, sdp } = connection.localDescription;
    this.#consume({ type, sdp });
    this.#tellWish();
    this.dispatchEvent(new Event('tracks'));
    if (connection.connectionState !== 'connected') this.#recoverIn(12_000);
  }

  #replaceConnection(session) {
    this.#connection?.close();
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.#connection = connection;
    this.#session = session;
    this.#told = '';
    connection.addEventListener('connectionstatechange', () => {
      if (connection === this.#connection) this.#stateChanged();
    });
  }

  #stateChanged() {
    if (this.state === 'connected') clearTimeout(this.#timer);
    if (this.state === 'failed') this.#recoverIn(0);
    // Often a pause of the radio that heals by itself, so give it a moment.
    if (this.state === 'disconnected') this.#recoverIn(4_000);
    this.dispatchEvent(new Event('state'));
  }

  #recoverIn(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#requestOffer();
      this.#recoverIn(5_000);
    }, milliseconds);
  }
}

/** The session id of an SDP: the second word of its `o=` line (RFC 8866, 5.2). */
export function sessionId(sdp) {
  return /^o=\S+ (\S+)/m.exec(sdp)?.[1] ?? '';
}

/** The m-lines of an SDP in order, as `{kind, mid}`. */
function mediaLines(sdp) {
  return sdp.split(/^m=/m).slice(1).map((section) => ({
    kind: section.slice(0, section.indexOf(' ')),
    mid: /^a=mid:(\S+)/m.exec(section)?.[1] ?? '',
  }));
}
