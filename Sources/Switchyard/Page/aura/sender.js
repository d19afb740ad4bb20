/**
 * The peer connection that joins the room: our microphone and camera go up, and the sound of everybody else comes down, mixed, on the
 * microphone's m-line. A shared screen takes the camera's place.
 *
 * The camera is sent in several sizes at once (simulcast), of which the relay gives everybody the one that fits their tile and network.
 * Dispatches `state` when the connection's state changes, and `dead` when only a new Sender can help.
 */
export class Sender extends EventTarget {
  #connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  #audio;
  #video;

  /** `encodings` are those of the camera, as for `addTransceiver`. */
  constructor(stream, encodings) {
    super();
    this.#audio = this.#connection.addTransceiver('audio', { direction: 'sendrecv', streams: [stream] });
    this.#video = this.#connection.addTransceiver('video', { direction: 'sendonly', streams: [stream], sendEncodings: encodings });
    this.#connection.addEventListener('connectionstatechange', () => {
      this.dispatchEvent(new Event('state'));
      if (this.state === 'failed') this.dispatchEvent(new Event('dead'));
    });
  }

  get connection() { return this.#connection; }
  get state() { return this.#connection.connectionState; }
  /** The mixed sound of all others. */
  get sound() { return this.#audio.receiver.track; }

  /** Puts a track (or none) in place of what was sent. Needs no negotiation. */
  setTrack(kind, track) {
    return (kind === 'audio' ? this.#audio : this.#video).sender.replaceTrack(track);
  }

  /** The relay's addresses are in its answer and it learns ours from our checks: nothing has to be gathered first. */
  async offer() {
    await this.#connection.setLocalDescription();
    return this.#connection.localDescription.sdp;
  }

  accept(sdp) {
    return this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  close() {
    this.#connection.close();
  }
}
