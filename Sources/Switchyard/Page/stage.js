import { chooser } from './preference.js';

// Pixels between the tiles, and around them for the outline of who speaks: as in style.css.
const GAP = 10;
const EDGE = 4;

/**
 * The tiles: one for each person, and a large one for each shared screen. Draws a Meeting, decides nothing.
 *
 * Dispatches `sound-blocked`, `want` (`detail` is `{user, choice}`: somebody chose how large a picture they want), and `tiles` (`detail`
 * is how large those of the others are, in pixels of the screen, by user).
 */
export class Stage extends EventTarget {
  #stage;
  #people;
  #screens;
  #alone;
  #tiles = new Map();
  #measureTimer = 0;

  constructor({ stage, people, screens, alone }) {
    super();
    this.#stage = stage;
    this.#people = people;
    this.#screens = screens;
    this.#alone = alone;
    new ResizeObserver(() => this.#layOut()).observe(people);
    setInterval(() => this.#tiles.forEach((tile) => tile.checkPicture()), 1_000);
  }

  update(meeting) {
    const wanted = new Map(descriptions(meeting).map((each) => [each.key, each]));
    for (const [key, tile] of this.#tiles) {
      if (!wanted.has(key)) { tile.remove(); this.#tiles.delete(key); }
    }
    for (const [key, description] of wanted) {
      let tile = this.#tiles.get(key);
      if (!tile) {
        tile = new Tile((type, detail) => this.dispatchEvent(new CustomEvent(type, { detail })));
        this.#tiles.set(key, tile);
        (description.kind === 'screen' ? this.#screens : this.#people).append(tile.element);
      }
      tile.update(description);
    }
    this.#stage.classList.toggle('has-screen', this.#screens.childElementCount > 0);
    this.#alone.hidden = meeting.state !== 'joined' || meeting.users.size > 0;
    this.#layOut();
  }

  /** After a click the browser lets us play sound. */
  allowSound() {
    this.#tiles.forEach((tile) => tile.play());
  }

  clear() {
    this.#tiles.forEach((tile) => tile.remove());
    this.#tiles.clear();
    this.#stage.classList.remove('has-screen');
  }

  /** The number of columns with which tiles of 16:9 come out largest. */
  #layOut() {
    const { clientWidth: width, clientHeight: height, childElementCount: count } = this.#people;
    if (count === 0 || width === 0) return;
    const free = (length, parts) => (length - 2 * EDGE - GAP * (parts - 1)) / parts;
    let best = { columns: 1, tileWidth: 0 };
    for (let columns = 1; columns <= count; columns += 1) {
      const tileWidth = Math.min(free(width, columns), free(height, Math.ceil(count / columns)) * (16 / 9));
      if (tileWidth > best.tileWidth + 1) best = { columns, tileWidth };
    }
    this.#people.style.setProperty('--columns', best.columns);
    this.#people.style.setProperty('--tile-width', `${Math.floor(best.tileWidth)}px`);
    this.#measureSoon();
  }

  /** Once the window has stopped changing. */
  #measureSoon() {
    clearTimeout(this.#measureTimer);
    this.#measureTimer = setTimeout(() => {
      const sizes = new Map();
      for (const { element } of this.#tiles.values()) {
        const { user, kind, own } = element.dataset;
        if (own === 'true' || kind === 'screen') continue;
        sizes.set(user, { width: element.clientWidth * devicePixelRatio, height: element.clientHeight * devicePixelRatio });
      }
      this.dispatchEvent(new CustomEvent('tiles', { detail: sizes }));
    }, 250);
  }
}

/** What each tile shows, in the order of the tiles: ourselves first. */
function descriptions(meeting) {
  const list = [{
    key: 'me', user: meeting.id ?? '', kind: 'camera', own: true, name: `${meeting.name} (you)`,
    picture: meeting.localStream.getVideoTracks()[0] ?? null, sound: null, audio: meeting.micOn, video: meeting.cameraOn,
    speaking: meeting.speaker !== null && meeting.speaker === meeting.id && meeting.micOn,
    state: meeting.publisher?.state ?? 'watching',
  }];
  if (meeting.screenTrack) {
    list.push({
      key: 'my screen', user: meeting.id ?? '', kind: 'screen', own: true, name: 'Your screen',
      picture: meeting.screenTrack, sound: null, audio: true, video: true, speaking: false, state: 'connected',
    });
  }
  for (const user of meeting.users.values()) {
    const { audio = null, camera = null, screen = null } = user.subscriber?.tracks() ?? {};
    const state = user.subscriber?.state ?? 'watching';
    list.push({
      key: `user ${user.id}`, user: user.id, kind: 'camera', own: false, name: user.name,
      picture: camera, sound: audio, audio: Boolean(audio && user.constraints.audio),
      video: Boolean(camera && user.constraints.video), speaking: meeting.speaker === user.id && user.constraints.audio, state,
      wanted: user.wanted,
    });
    if (screen) {
      list.push({
        key: `screen ${user.id}`, user: user.id, kind: 'screen', own: false, name: `${user.name}’s screen`,
        picture: screen, sound: null, audio: true, video: user.constraints.video, speaking: false, state,
      });
    }
  }
  return list;
}

class Tile {
  element = document.createElement('li');
  #video = document.createElement('video');
  // Sound has an element of its own: in one with a camera that sends nothing, the browser would wait for a picture first.
  #audio = document.createElement('audio');
  #initials = document.createElement('div');
  #name = document.createElement('span');
  #status = document.createElement('p');
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
    label.append(mutedBadge(), this.#name);
    this.element.append(this.#video, this.#audio, this.#initials, this.#status, label);
  }

  update({ user, kind, own, name, picture, sound, audio, video, speaking, state, wanted = 'auto' }) {
    Object.assign(this.element.dataset, {
      user, kind, state, own, audio: audio ? 'on' : 'off', video: video ? 'on' : 'off', speaking, wanted,
    });
    if (!own && kind === 'camera') this.#choose(user, name, wanted);
    const words = statusWords(state, own) || (wanted === 'paused' ? 'Paused by you' : '');
    this.#video.ariaLabel = kind === 'screen' ? name : `Camera of ${name}`;
    this.#name.textContent = name;
    this.#initials.textContent = initials(name);
    this.#initials.style.setProperty('--hue', hue(user));
    this.#status.textContent = words;
    this.element.ariaLabel = [name, audio ? '' : 'muted', video ? '' : 'no camera', words].filter(Boolean).join(', ');
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

function mutedBadge() {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.classList.add('badge');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'muted');
  use.setAttribute('href', '#icon-mic-off');
  svg.append(use);
  return svg;
}

const initials = (name) => name.replace(/\(.*\)/, '').trim().split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? '').join('').toUpperCase();

const hue = (text) => [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
