import { openDevices } from './devices.js';

/** Our microphone and camera: opened when they are turned on, the camera closed when it is turned off. */
export class OwnDevices {
  /** The camera, for the page to show. */
  stream = new MediaStream();
  microphone = null;
  camera = null;
  micOn = false;
  cameraOn = false;
  #tell;
  #isClosed = false;

  /** `changed()`, `notice(words)`, and `lost(kind)` when a device is gone by itself. */
  constructor(tell) {
    this.#tell = tell;
  }

  async open(wanted) {
    const { audio, video, problems } = await openDevices(wanted);
    if (this.#isClosed) { audio?.stop(); video?.stop(); return; }
    for (const problem of problems) this.#tell.notice(problem);
    if (audio) this.#use('audio', audio);
    if (video) this.#use('video', video);
    this.#tell.changed();
  }

  async setMicrophone(on) {
    if (on && !this.microphone) { await this.open({ audio: true }); return; }
    this.micOn = on;
    if (this.microphone) this.microphone.enabled = on;
  }

  /** Off really closes the camera, so that its light goes out. */
  async setCamera(on) {
    if (on) { await this.open({ video: true }); return; }
    this.cameraOn = false;
    this.#dropCamera();
  }

  close() {
    this.#isClosed = true;
    this.microphone?.stop();
    this.#dropCamera();
  }

  #use(kind, track) {
    if (kind === 'audio') {
      this.microphone = track;
      this.micOn = true;
    } else {
      this.#dropCamera();
      this.camera = track;
      this.cameraOn = true;
      this.stream.addTrack(track);
    }
    track.onended = () => this.#gone(kind);
  }

  #dropCamera() {
    if (!this.camera) return;
    this.camera.onended = null;
    this.camera.stop();
    this.stream.removeTrack(this.camera);
    this.camera = null;
  }

  #gone(kind) {
    if (kind === 'audio') {
      this.microphone = null;
      this.micOn = false;
    } else {
      this.#dropCamera();
      this.cameraOn = false;
    }
    this.#tell.notice(`The ${kind === 'audio' ? 'microphone' : 'camera'} is gone.`);
    this.#tell.lost(kind);
  }
}
