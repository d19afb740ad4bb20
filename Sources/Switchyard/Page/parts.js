// What the pages have in common besides their meetings: notices, buttons, icons, what is remembered.

/** The sentences for the person, each until it is closed. */
export class Notices {
  #element;

  constructor(element) {
    this.#element = element;
  }

  /** The same `key` (by default the words) is shown once. `action` is what `button` does besides closing. */
  show(words, { button = 'Close', action, key = words } = {}) {
    if (this.#find(key)) return;
    const element = document.createElement('div');
    element.className = 'notice';
    element.dataset.key = key;
    const text = document.createElement('p');
    text.textContent = words;
    element.append(text, this.#button(button, () => { element.remove(); action?.(); }));
    this.#element.append(element);
  }

  close(key) {
    this.#find(key)?.remove();
  }

  clear() {
    this.#element.replaceChildren();
  }

  #find(key) {
    return [...this.#element.children].find((each) => each.dataset.key === key);
  }

  #button(words, action) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    button.textContent = words;
    button.addEventListener('click', action);
    return button;
  }
}

/** An icon of icons.svg; with `words` it is a picture of that name, without it is decoration. */
export function icon(symbol, className, words) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `icons.svg#${symbol}`);
  if (className) svg.classList.add(className);
  if (words) {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', words);
  } else {
    svg.setAttribute('aria-hidden', 'true');
  }
  svg.append(use);
  return svg;
}

/** A button of two states: its icon and words say what is, or what a press would do. */
export function toggle(button, on, iconOn, iconOff, wordsOn, wordsOff) {
  button.ariaPressed = String(on);
  button.querySelector('use').setAttribute('href', `icons.svg#${on ? iconOn : iconOff}`);
  button.querySelector('span').textContent = on ? wordsOn : wordsOff;
}

/** A second press while the browser still asks for the device would only confuse. */
export async function whileBusy(button, action) {
  button.disabled = true;
  try { await action(); } finally { button.disabled = false; }
}

export async function copyRoomLink(room, button, notices) {
  const link = new URL(location.pathname, location.href);
  link.searchParams.set('room', room);
  try {
    await navigator.clipboard.writeText(link.href);
    const words = button.querySelector('span');
    words.textContent = 'Copied';
    setTimeout(() => { words.textContent = 'Copy link'; }, 2_000);
  } catch {
    // The clipboard is closed to pages over plain http.
    notices.show(`The link to this room: ${link.href}`);
  }
}

export function remember(key, value) {
  try { localStorage.setItem(`switchyard.${key}`, value); } catch { /* private windows may refuse */ }
}

export function recall(key) {
  try { return localStorage.getItem(`switchyard.${key}`); } catch { return null; }
}
