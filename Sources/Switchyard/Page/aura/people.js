import { icon } from '../parts.js';

/** How long "Really remove?" is asked, in milliseconds. */
const ASKED = 4_000;

/** The list of people beside the tiles, and for admins who waits, with what can be done about them. Draws a Meeting, decides nothing. */
export class People {
  #members;
  #waiting;
  #section;
  #rows = new Map();

  /** `act(action, id)` is told of presses: `allow`, `reject`, `remove`, `mute_audio`, `unmute_audio`, `mute_video`, `unmute_video`. */
  constructor({ members, waiting, section, act }) {
    this.#members = members;
    this.#waiting = waiting;
    this.#section = section;
    this.act = act;
  }

  draw(meeting) {
    const { roster, isAdmin } = meeting;
    this.#section.hidden = !isAdmin || roster.waiting.size === 0;
    const wanted = new Set();
    for (const { id, name } of isAdmin ? roster.waiting.values() : []) {
      wanted.add(this.#row(`waiting ${id}`, id, this.#waiting, ['allow', 'reject']).show(name, [], { allow: 'Let in', reject: 'Reject' }));
    }
    wanted.add(this.#row('me', meeting.id, this.#members, []).show(`${meeting.name} (you)`, notes(ourselves(meeting)), {}));
    for (const member of meeting.others) {
      const words = isAdmin ? actions(member) : {};
      wanted.add(this.#row(`member ${member.id}`, member.id, this.#members, ['audio', 'video', 'remove']).show(member.name, notes(member), words));
    }
    for (const [key, row] of this.#rows) {
      if (!wanted.has(row)) { row.element.remove(); this.#rows.delete(key); }
    }
  }

  /** Rows stay while their person does, so that a button does not go away under a finger. */
  #row(key, id, list, names) {
    let row = this.#rows.get(key);
    if (!row) {
      row = new Row(id, names, (action) => this.act(action, id));
      this.#rows.set(key, row);
      list.append(row.element);
    }
    return row;
  }
}

const ourselves = ({ own, micOn, cameraOn, screenTrack, isAdmin }) => ({
  ...own, isAdmin, audioMuted: !micOn, videoMuted: !cameraOn && !screenTrack, sharing: screenTrack !== null, isTelephone: false,
});

/** The words on an admin's buttons for that member, by button. */
function actions({ audioMutedByAdmin, videoMutedByAdmin, isTelephone }) {
  return {
    audio: audioMutedByAdmin ? 'Let speak' : 'Mute',
    video: isTelephone ? null : videoMutedByAdmin ? 'Allow camera' : 'Stop camera',
    remove: 'Remove',
  };
}

/** What there is to say about a member, as icons with words. */
function notes({ isAdmin, hand, sharing, audioMuted, audioMutedByAdmin, videoMuted, videoMutedByAdmin, isTelephone }) {
  return [
    isTelephone && ['icon-call', 'by telephone'],
    hand && ['icon-hand', 'hand raised'],
    sharing && ['icon-screen', 'shares a screen'],
    audioMutedByAdmin ? ['icon-mic-off', 'muted by an admin'] : audioMuted && ['icon-mic-off', 'muted'],
    videoMutedByAdmin ? ['icon-camera-off', 'camera stopped by an admin'] : videoMuted && !isTelephone && ['icon-camera-off', 'no camera'],
    isAdmin && ['icon-key', 'admin'],
  ].filter(Boolean);
}

class Row {
  element = document.createElement('li');
  #name = document.createElement('span');
  #notes = document.createElement('span');
  #buttons = new Map();
  #shown = '';
  #act;

  constructor(id, names, act) {
    this.#act = act;
    this.element.className = 'row';
    this.element.dataset.id = id;
    this.#name.className = 'name';
    this.#notes.className = 'marks';
    const buttons = document.createElement('span');
    buttons.className = 'actions';
    for (const name of names) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'small';
      button.addEventListener('click', () => this.#press(button));
      this.#buttons.set(name, button);
      buttons.append(button);
    }
    this.element.append(this.#name, this.#notes, buttons);
  }

  show(name, notes, words) {
    this.#name.textContent = name;
    this.#name.title = name;
    const text = JSON.stringify(notes);
    if (text !== this.#shown) {
      this.#shown = text;
      this.#notes.replaceChildren(...notes.map(([symbol, meaning]) => marked(symbol, meaning)));
    }
    for (const [key, button] of this.#buttons) {
      button.hidden = !words[key];
      button.dataset.action = key === 'audio' || key === 'video' ? `${/^(Let|Allow)/.test(words[key]) ? 'unmute' : 'mute'}_${key}` : key;
      if (button.dataset.asks === 'yes') continue;
      button.textContent = words[key] ?? '';
      button.ariaLabel = `${words[key]}: ${name}`;
    }
    return this;
  }

  /** Removing somebody cannot be taken back by a press, so it takes two. */
  #press(button) {
    const { action } = button.dataset;
    if (action !== 'remove' || button.dataset.asks === 'yes') { this.#act(action); return; }
    const before = button.textContent;
    button.dataset.asks = 'yes';
    button.textContent = 'Really?';
    setTimeout(() => {
      button.dataset.asks = 'no';
      button.textContent = before;
    }, ASKED);
  }
}

function marked(symbol, meaning) {
  const element = document.createElement('span');
  element.title = meaning;
  element.append(icon(symbol, '', meaning));
  return element;
}
