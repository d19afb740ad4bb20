// Small charts of the last minute, drawn as SVG. Their colours are in style.css.

/** How many seconds a chart shows. */
export const SECONDS = 60;

const WIDTH = 120;
const HEIGHT = 36;

/**
 * One number over time. `words(value)` writes the latest one. `tops` are the values that the top of the chart may stand for, the smallest
 * first (noise about zero shall not look like mountains); beyond them it is 1, 2 or 5 with zeros. `steps` draws a level that changes from
 * one moment to the next.
 */
export class Chart {
  element = document.createElement('figure');
  #words;
  #tops;
  #steps;
  #value = document.createElement('output');
  #scale = document.createElement('small');
  #area = svg('path', { class: 'area' });
  #line = svg('path', { class: 'line' });
  #picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
  #title;

  constructor({ title, name, words, tops, steps = false }) {
    this.#words = words;
    this.#tops = tops;
    this.#steps = steps;
    this.#title = title;
    this.element.className = 'chart';
    this.element.dataset.chart = name;
    const caption = document.createElement('figcaption');
    const heading = document.createElement('span');
    heading.textContent = title;
    caption.append(heading, this.#value);
    this.#scale.ariaHidden = 'true';
    this.#picture.append(this.#area, this.#line);
    this.element.append(caption, this.#picture, this.#scale);
  }

  #top(value) {
    const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
    return [...this.#tops, power, 2 * power, 5 * power, 10 * power].find((top) => top >= value);
  }

  /** `values` are one a second, the latest last; null where nothing was measured. */
  draw(values) {
    const latest = values.at(-1) ?? null;
    const text = latest === null ? '–' : this.#words(latest);
    const top = this.#top(Math.max(0, ...values.filter((value) => value !== null)));
    this.#value.textContent = text;
    this.#scale.textContent = this.#words(top);
    this.#picture.setAttribute('aria-label', `${this.#title}: ${text}`);
    const runs = points(values, top);
    this.#line.setAttribute('d', runs.map((run) => path(run, this.#steps)).join(''));
    this.#area.setAttribute('d', runs.map((run) => `${path(run, this.#steps)}V${HEIGHT}H${run[0][0]}Z`).join(''));
  }
}

/** Runs of `[x, y]` without a gap. The latest value is at the right edge. */
function points(values, top) {
  const runs = [];
  let run = null;
  values.forEach((value, index) => {
    if (value === null) { run = null; return; }
    if (!run) runs.push(run = []);
    const x = WIDTH - ((values.length - 1 - index) * WIDTH) / (SECONDS - 1);
    run.push([round(x), round(HEIGHT - 1 - (Math.max(0, value) / top) * (HEIGHT - 4))]);
  });
  return runs;
}

function path(run, steps) {
  const [[x, y], ...rest] = run;
  return `M${x} ${y}${rest.map(([x, y]) => (steps ? `H${x}V${y}` : `L${x} ${y}`)).join('')}`;
}

const round = (number) => Math.round(number * 10) / 10;

function svg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
