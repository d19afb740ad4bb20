import { icon } from './parts.js';
import { chooser } from './preference.js';

/** How long a reaction is shown, in milliseconds; as in style.css. */
const REACTION_SHOWN = 4_000;

/** One person, or one shared screen: picture, sound, name, and what is to be known of them. */
export class Tile {
  element = document.createElement('li');
  #video = document.createElement('video');
  // Sound has an element of its own: in one with a camera that sends nothing, the browser would wait for a picture first.
  #audio = document.createElement('audio');
  #initials = document.createElement('div');
  #name = document.createElement('span');
  #status = document.createElement('p');
  #badge = icon('icon-mic-off', 'badge', 'muted');
  #hand = icon('icon-hand', 'hand', 'hand raised');
  #tell;
  #chooser = null;
  #frames = 0;
  #still = 0;

  /** `tell(type, detail)` passes an event on. */
  constructor(tell) {
    this.#tell = tell;
    this.element.className = 'tile';
    this.#video.playsInline = true;
    this.#video.autoplay = true;
    this.#video.muted = true;
    this.#audio.autoplay = true;
    this.#initials.className = 'initials';
    this.#initials.ariaHidden = 'true';
    this.#status.className = 'status';
    const label = document.createElement('p');
    label.className = 'label';
    label.append(this.#badge, this.#name);
    this.element.append(this.#video, this.#audio, this.#initials, this.#status, this.#hand, label);
  }

  /**
   * `picture` and `sound` are tracks or null; `audio` and `video` whether they are on, `byAdmin` whether somebody else took the sound away.
   * `wanted` is a choice of preference.js; without it there is nothing to choose.
   */
  update({ user, kind, own, name, picture, sound, audio, video, speaking, state, wanted, hand = false, byAdmin = false }) {
    Object.assign(this.element.dataset, {
      user, kind, state, own, audio: audio ? 'on' : 'off', video: video ? 'on' : 'off', speaking, wanted: wanted ?? 'auto',
      hand: hand ? 'up' : 'down', muted: byAdmin ? 'by-admin' : 'no',
    });
    if (wanted && !own && kind === 'camera') this.#choose(user, name, wanted);
    const words = statusWords(state, own) || (wanted === 'paused' ? 'Paused by you' : '');
    const muted = byAdmin ? 'muted by an admin' : 'muted';
    this.#badge.setAttribute('aria-label', muted);
    this.#hand.toggleAttribute('hidden', !hand);
    this.#video.ariaLabel = kind === 'screen' ? name : `Camera of ${name}`;
    this.#name.textContent = name;
    this.#initials.textContent = initials(name);
    this.#initials.style.setProperty('--hue', hue(user));
    this.#status.textContent = words;
    this.element.ariaLabel = [name, hand ? 'hand raised' : '', audio ? '' : muted, video ? '' : 'no camera', words].filter(Boolean).join(', ');
    this.#show(picture);
    this.#play(sound);
  }

  /** The list of sizes on the tile of somebody else. */
  #choose(user, name, wanted) {
    if (!this.#chooser) {
      this.#chooser = chooser((choice) => this.#tell('want', { user, choice }));
      this.element.append(this.#chooser);
    }
    this.#chooser.value = wanted;
    this.#chooser.ariaLabel = `Picture of ${name}`;
    this.#chooser.title = 'How large a picture you get';
  }

  play() {
    this.#audio.play().catch(() => {});
  }

  /** A camera that was closed sends nothing more; a frozen face would tell a lie. */
  checkPicture() {
    const frames = this.#video.getVideoPlaybackQuality?.().totalVideoFrames ?? 0;
    this.#still = frames === this.#frames ? this.#still + 1 : 0;
    this.#frames = frames;
    const limit = this.element.dataset.kind === 'screen' ? Infinity : 3;
    this.element.dataset.picture = frames > 0 && this.#still < limit ? 'yes' : 'no';
  }

  /** Whoever reacts again while the last one is shown, starts it again. */
  react({ name, symbol, words }) {
    this.element.querySelector('.reaction')?.remove();
    const shown = document.createElement('p');
    shown.className = 'reaction';
    shown.dataset.reaction = name;
    if (symbol) shown.append(icon(symbol, '', words));
    else shown.textContent = words;
    this.element.append(shown);
    setTimeout(() => shown.remove(), REACTION_SHOWN);
  }

  setLevel(level) {
    this.element.style.setProperty('--level', level.toFixed(2));
  }

  remove() {
    this.#video.srcObject = null;
    this.#audio.srcObject = null;
    this.element.remove();
  }

  #show(track) {
    if (!attach(this.#video, track)) return;
    this.#frames = 0;
    this.#video.onloadeddata = () => this.checkPicture();
    this.#video.play().catch(() => {});
  }

  #play(track) {
    if (!attach(this.#audio, track)) return;
    this.#audio.play().catch((error) => {
      // Browsers play sound only after a click, so somebody has to ask for one.
      if (error.name === 'NotAllowedError') this.#tell('sound-blocked');
    });
  }
}

/** Makes an element play that track or none; true when it is to be started. */
function attach(element, track) {
  const current = element.srcObject?.getTracks()[0] ?? null;
  if (current === track) return false;
  element.srcObject = track ? new MediaStream([track]) : null;
  return track !== null;
}

function statusWords(state, own) {
  switch (state) {
    case 'new':
    case 'connecting': return 'Connecting…';
    case 'disconnected': return 'Connection interrupted…';
    case 'failed': return 'Connection failed, trying again…';
    case 'watching': return own ? '' : 'Watching';
    default: return '';
  }
}

const initials = (name) => name.replace(/\(.*\)/, '').trim().split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? '').join('').toUpperCase();

const hue = (text) => [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
