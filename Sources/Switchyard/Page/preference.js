/** What a person may ask of somebody's picture, and what that is in the terms of the relay's `prefer`. */

/** The choices, in the order in which they are shown, with their words. */
export const CHOICES = new Map([
  ['auto', 'Automatic'], ['small', 'Small'], ['medium', 'Medium'], ['large', 'Large'], ['paused', 'Paused'],
]);

/** The pictures that pages send, smallest first (see publisher.js). */
const STEPS = [[320, 180], [640, 360], [1280, 720]];

/**
 * The body of `prefer`, without its `mid`.
 * `tile` is the place where the picture is shown, in the pixels of the screen; automatic means one that fills it.
 */
export function preference(choice, tile) {
  const [width, height] = size(choice, tile) ?? [null, null];
  return { width, height, paused: choice === 'paused', priority: choice === 'large' ? 8 : null };
}

function size(choice, tile) {
  switch (choice) {
    case 'small': return STEPS[0];
    case 'medium': return STEPS[1];
    case 'auto':
      // A picture that is enlarged by a sixth still looks sharp, and costs half as much as the next one.
      return tile ? STEPS.find(([width, height]) => width * 1.17 >= tile.width && height * 1.17 >= tile.height) : null;
    default: return null;
  }
}

/** A list of the choices to choose from. `choose(choice)` is called when another one is taken. */
export function chooser(choose) {
  const select = document.createElement('select');
  select.className = 'chooser';
  for (const [value, words] of CHOICES) select.add(new Option(words, value));
  select.addEventListener('change', () => choose(select.value));
  return select;
}
