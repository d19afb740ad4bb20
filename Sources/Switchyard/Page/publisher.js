/**
 * The one peer connection that carries what this page sends: microphone, camera, and a shared screen.
 *
 * How it uses `produce`:
 *   first offer            the connection is made; audio is m-line 0 and the camera m-line 1, with or without a device,
 *                          so that a camera plugged in later needs no new offer, and the second video is always the screen;
 *   again with an offer    the screen came or went, or ICE has to restart;
 *   with constraints only  mute and unmute: no SDP at all, the relay merely stops forwarding that kind.
 *
 * The camera is sent in several sizes at once (simulcast), of which the relay gives everybody the one that fits their tile and
 * their network. The screen is sent once, and the offer says that it is one (`a=content:slides`): what is read comes first.
 *
 * `produce` (given by the owner) sends one request to the backend and resolves with its `produced` reply.
 * Dispatches `state` when the connection's state changes, and `dead` when only a new Publisher can help.
 */
export class Publisher extends EventTarget {
  #produce;
  #connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  #audio;
  #camera;
  #screen = null;
  #queue = Promise.resolve();
  #offered = false;
  #restarted = false;
  #wanted = { audio: false, video: false };

  /** `encodings` are those of the camera, as for `addTransceiver`. */
  constructor(produce, stream, encodings) {
    super();
    this.#produce = produce;
    this.#audio = this.#connection.addTransceiver('audio', { direction: 'sendonly', streams: [stream] });
    this.#camera = this.#connection.addTransceiver('video', {
      direction: 'sendonly', streams: [stream], sendEncodings: encodings,
    });
    this.#connection.addEventListener('connectionstatechange', () => this.#stateChanged());
  }

  get connection() { return this.#connection; }
  get state() { return this.#connection.connectionState; }
  get isSharing() { return this.#screen?.sender.track != null; }

  /** Puts a microphone or camera track (or none) on the connection. Needs no negotiation. */
  setTrack(kind, track) {
    return (kind === 'audio' ? this.#audio : this.#camera).sender.replaceTrack(track);
  }

  /** Tells the backend which kinds are on; the first call makes the connection. */
  publish(constraints) {
    this.#wanted = constraints;
    return this.#inTurn(() => (this.#offered ? this.#produce({ constraints: this.#wanted }) : this.#negotiate()));
  }

  async shareScreen(track, constraints) {
    this.#wanted = constraints;
    if (this.#screen) {
      await this.#screen.sender.replaceTrack(track);
      this.#screen.direction = 'sendonly';
    } else {
      // No stream is named: stopping the screen must never look like stopping the camera.
      this.#screen = this.#connection.addTransceiver(track, { direction: 'sendonly' });
    }
    return this.#inTurn(() => this.#negotiate());
  }

  async stopScreen(constraints) {
    this.#wanted = constraints;
    this.#connection.removeTrack(this.#screen.sender);
    return this.#inTurn(() => this.#negotiate());
  }

  close() {
    this.#connection.close();
  }

  /** Offers and answers must not overlap, so every exchange waits for the one before it, whatever became of that. */
  #inTurn(step) {
    const done = this.#queue.then(step);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #negotiate(options) {
    const connection = this.#connection;
    await connection.setLocalDescription(await connection.createOffer(options));
    const { type, sdp } = connection.localDescription;
    try {
      // The relay's addresses are in its answer and it learns ours from our checks: nothing has to be gathered first.
      const offer = { type, sdp: withSlides(sdp, this.#screen?.mid) };
      const { answer } = await this.#produce({ offer, constraints: this.#wanted });
      await connection.setRemoteDescription(answer);
      this.#offered = true;
    } catch (error) {
      if (connection.signalingState === 'have-local-offer') await connection.setLocalDescription({ type: 'rollback' });
      throw error;
    }
  }

  #stateChanged() {
    this.dispatchEvent(new Event('state'));
    if (this.state === 'connected') this.#restarted = false;
    if (this.state !== 'failed') return;
    // Another network needs only new ICE credentials; if that does not help either, start from nothing.
    if (this.#restarted) { this.dispatchEvent(new Event('dead')); return; }
    this.#restarted = true;
    this.#inTurn(() => this.#negotiate({ iceRestart: true })).catch(() => this.dispatchEvent(new Event('dead')));
  }
}

/** The description with the m-line of that mid marked as slides (RFC 4796), which browsers have no way to ask for. */
function withSlides(sdp, mid) {
  return mid ? sdp.replace(`a=mid:${mid}\r\n`, `a=mid:${mid}\r\na=content:slides\r\n`) : sdp;
}
