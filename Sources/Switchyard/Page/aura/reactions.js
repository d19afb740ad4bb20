/** The reactions that this page offers, by their names in the API. */
const REACTIONS = new Map([
  ['thumbs_up', 'Thumbs up'], ['thumbs_down', 'Thumbs down'], ['heart', 'Heart'], ['laugh', 'Laugh'], ['surprised', 'Surprised'],
  ['celebrate', 'Celebrate'],
]);

export const reactionNames = [...REACTIONS.keys()];

/** `{name, symbol, words}` for Tile.react; other apps may send what this page has no picture of. */
export function reaction(name) {
  const text = String(name);
  const words = REACTIONS.get(text);
  return { name: text, symbol: words ? `reaction-${text}` : null, words: words ?? [...text.replaceAll('_', ' ')].slice(0, 24).join('') };
}
