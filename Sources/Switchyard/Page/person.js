import { Chart, SECONDS } from './charts.js';
import { chooser } from './preference.js';

const kilobits = (bits) => (bits >= 999_500 ? `${(bits / 1_000_000).toFixed(1)} Mbit/s` : `${Math.round(bits / 1_000)} kbit/s`);

const CHARTS = [
  { name: 'bitrate', title: 'Bitrate', words: kilobits, tops: [100_000] },
  { name: 'estimate', title: 'Network', words: kilobits, tops: [100_000] },
  { name: 'layer', title: 'Layer', words: (height) => (height ? `${Math.round(height)}p` : 'none'), tops: [180, 360, 720, 1080], steps: true },
  { name: 'fps', title: 'Frames', words: (fps) => `${Math.round(fps)} fps`, tops: [15, 30, 60] },
  { name: 'loss', title: 'Lost', words: (percent) => `${percent.toFixed(1)} %`, tops: [5] },
  { name: 'rtt', title: 'Round trip', words: (time) => `${Math.round(time)} ms`, tops: [50] },
];

/** One connection in the details view: whose it is, what the relay says about its picture, and the last minute as charts. */
export class PersonCard {
  element = document.createElement('section');
  #name = document.createElement('h3');
  #state = document.createElement('span');
  #facts = document.createElement('p');
  #notes = document.createElement('p');
  #chooser;
  #charts = new Map();
  #values = new Map();

  /** `choose(choice)` is called when another size is wanted; without it there is nothing to choose. */
  constructor(choose) {
    this.element.className = 'person';
    this.#state.className = 'chip';
    this.#facts.className = 'facts';
    this.#notes.className = 'notes';
    const header = document.createElement('header');
    header.append(this.#name, this.#state);
    if (choose) {
      this.#chooser = chooser(choose);
      header.append(this.#chooser);
    }
    const charts = document.createElement('div');
    charts.className = 'charts';
    for (const description of CHARTS) {
      const chart = new Chart(description);
      this.#charts.set(description.name, chart);
      this.#values.set(description.name, []);
      charts.append(chart.element);
    }
    this.element.append(header, this.#facts, this.#notes, charts);
  }

  describe({ name, state, wanted, facts, notes }) {
    this.element.ariaLabel = name;
    this.#name.textContent = name;
    this.#state.textContent = state;
    this.#state.dataset.state = state;
    this.#facts.textContent = facts.filter(Boolean).join(' · ');
    this.#notes.textContent = notes.filter(Boolean).join(' ');
    this.#notes.hidden = this.#notes.textContent === '';
    if (this.#chooser) {
      this.#chooser.value = wanted;
      this.#chooser.ariaLabel = `Picture of ${name}`;
    }
  }

  /** One value for each chart, as of this second; null or absent where there is none. */
  add(values) {
    for (const [name, chart] of this.#charts) {
      const list = this.#values.get(name);
      list.push(values[name] ?? null);
      if (list.length > SECONDS) list.shift();
      chart.draw(list);
    }
  }
}
