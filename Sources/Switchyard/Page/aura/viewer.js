/** How many pictures fit into an offer of 64 KiB, the longest message that the server takes. */
export const MOST_PICTURES = 24;

/** Offers name these only: with everything that browsers know, ten pictures would fill a message. */
const CODECS = ['video/VP8', 'video/H264', 'video/VP9', 'video/AV1', 'video/rtx'];

/**
 * The peer connection on which the pictures of others come: one receiving m-line for each of them, offered by us. Who leaves
 * makes room for who comes; whoever stays keeps their line, so that nothing of their picture is lost.
 *
 * `subscribe(sdp, members)` (given by the owner) asks the server and resolves with its answer's SDP.
 * Dispatches `change` when tracks or the connection's state may have changed.
 */
export class Viewer extends EventTarget {
  #subscribe;
  #connection = null;
  #lines = new Map();
  #wanted = [];
  #asked = '';
  #isBusy = false;
  #timer = 0;

  constructor(subscribe) {
    super();
    this.#subscribe = subscribe;
  }

  get connection() { return this.#connection; }
  get state() { return this.#connection?.connectionState ?? 'new'; }

  /** The picture of that member, or null while there is none. */
  track(id) {
    const line = this.#lines.get(id);
    return line?.currentDirection === 'recvonly' ? line.receiver.track : null;
  }

  /** Says whom we want to see, all of them: `{id, width, height}`, the size being that of their tile in pixels of the screen. */
  show(people) {
    this.#wanted = people.slice(0, MOST_PICTURES);
    if (JSON.stringify(this.#wanted) !== this.#asked) this.#negotiate();
  }

  /** Asks again: after the socket came back, nobody knows what became of a request. */
  refresh() {
    this.#asked = '';
    this.show(this.#wanted);
  }

  close() {
    this.#wanted = [];
    this.#reset();
  }

  #reset() {
    clearTimeout(this.#timer);
    this.#connection?.close();
    this.#connection = null;
    this.#lines.clear();
    this.#asked = '';
  }

  /** One exchange after the other; what was wanted meanwhile is in the next one. */
  async #negotiate() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    clearTimeout(this.#timer);
    try {
      while (JSON.stringify(this.#wanted) !== this.#asked) await this.#exchange();
    } catch (error) {
      console.warn('pictures could not be asked for:', error.message);
      this.#timer = setTimeout(() => this.#negotiate(), 2_000);
    }
    this.#isBusy = false;
  }

  async #exchange() {
    const wanted = this.#wanted;
    const asked = JSON.stringify(wanted);
    if (wanted.length === 0 && !this.#connection) { this.#asked = asked; return; }
    const connection = (this.#connection ??= this.#newConnection());
    this.#assign(connection, wanted);
    await connection.setLocalDescription();
    if (connection !== this.#connection) return;
    const members = wanted.map(({ id, width, height }) => ({ id, video_mid: this.#lines.get(id).mid, width, height }));
    try {
      const sdp = await this.#subscribe(connection.localDescription.sdp, members);
      if (connection !== this.#connection) return;
      await connection.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      if (connection.signalingState === 'have-local-offer') await connection.setLocalDescription({ type: 'rollback' });
      throw error;
    }
    this.#asked = asked;
    this.dispatchEvent(new Event('change'));
  }

  /** Gives everybody wanted a line. */
  #assign(connection, wanted) {
    const ids = new Set(wanted.map(({ id }) => id));
    for (const id of this.#lines.keys()) {
      if (!ids.has(id)) this.#lines.delete(id);
    }
    const taken = new Set(this.#lines.values());
    const free = connection.getTransceivers().filter((each) => !taken.has(each));
    for (const id of ids) {
      if (!this.#lines.has(id)) this.#lines.set(id, free.shift() ?? this.#newLine(connection));
    }
  }

  #newLine(connection) {
    const line = connection.addTransceiver('video', { direction: 'recvonly' });
    const known = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
    const chosen = known.filter(({ mimeType, sdpFmtpLine = '' }) => CODECS.includes(mimeType)
      && !/packetization-mode=0|profile-id=[1-9]|profile-level-id=(?!42)|profile=[1-9]/.test(sdpFmtpLine));
    if (chosen.length > 0) line.setCodecPreferences?.(chosen);
    return line;
  }

  #newConnection() {
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    connection.addEventListener('connectionstatechange', () => {
      if (connection !== this.#connection) return;
      this.dispatchEvent(new Event('change'));
      if (connection.connectionState !== 'failed') return;
      this.#reset();
      this.#negotiate();
    });
    return connection;
  }
}
