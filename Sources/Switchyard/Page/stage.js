import { Tile } from './tile.js';

// Pixels between the tiles, and around them for the outline of who speaks: as in style.css.
const GAP = 10;
const EDGE = 4;

/**
 * The tiles: one for each person, and a large one for each shared screen. Draws what it is told to, decides nothing.
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

  /** `descriptions` are what the tiles show, in their order (see Tile.update), each with a `key` of its own; `isAlone`: say that nobody is here. */
  update(descriptions, isAlone) {
    const wanted = new Map(descriptions.map((each) => [each.key, each]));
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
    this.#alone.hidden = !isAlone;
    this.#layOut();
  }

  /** After a click the browser lets us play sound. */
  allowSound() {
    this.#tiles.forEach((tile) => tile.play());
  }

  /** Shows `{name, symbol, words}` on that person's tile for a while; without a symbol of icons.svg, in words. */
  react(user, reaction) {
    this.#of(user)?.react(reaction);
  }

  /** How loud that person is at this moment, from 0 to 1. */
  setLevel(user, level) {
    this.#of(user)?.setLevel(level);
  }

  clear() {
    this.#tiles.forEach((tile) => tile.remove());
    this.#tiles.clear();
    this.#stage.classList.remove('has-screen');
  }

  #of(user) {
    return [...this.#tiles.values()].find(({ element }) => element.dataset.user === user);
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
      // Of somebody with two tiles the camera's counts: a screen that has a track of its own is sent in one size.
      const cameraFirst = [...this.#tiles.values()].sort((a, b) => (a.element.dataset.kind < b.element.dataset.kind ? -1 : 1));
      for (const { element } of cameraFirst) {
        const { user, own } = element.dataset;
        if (own === 'true' || sizes.has(user)) continue;
        sizes.set(user, { width: element.clientWidth * devicePixelRatio, height: element.clientHeight * devicePixelRatio });
      }
      this.dispatchEvent(new CustomEvent('tiles', { detail: sizes }));
    }, 250);
  }
}
