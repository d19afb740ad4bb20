import { cameraSize, canShareScreen, insecureContextWords } from '../devices.js';
import { Notices, copyRoomLink, icon, recall, remember, toggle, whileBusy } from '../parts.js';
import { Stage } from '../stage.js';
import { callsAddress } from './calls.js';
import { Lobby } from './lobby.js';
import { Meeting } from './meeting.js';
import { People } from './people.js';
import { reaction, reactionNames } from './reactions.js';
import { tilesOf } from './tiles.js';

// The page itself: the views, the buttons, the notices. The forms before the meeting are in lobby.js, media is in meeting.js and below.
//
// Address: ?room=…&name=… fill the form, and join=1 enters at once. camera=720 or camera=360 says how many lines the camera's picture is
// to have.

/** What a reload needs to come back to the same place; the tab's own. */
const VISIT = 'switchyard.aura.visit';
const KEYS = { m: 'mic', v: 'camera', s: 'screen', h: 'hand', r: 'react' };
/** The loudest that a level says, and the quietest that is drawn, in decibels. */
const QUIET = -60;

const at = (id) => document.getElementById(id);
const address = new URLSearchParams(location.search);
const stage = new Stage({ stage: at('stage'), people: at('tiles'), screens: at('screens'), alone: at('alone') });
const notices = new Notices(at('notices'));
const people = new People({ members: at('member-list'), waiting: at('waiting-list'), section: at('waiting-section'), act });
const lobby = new Lobby();
let meeting = null;
let countdown = 0;
/** Who has knocked during this meeting. */
const knocked = new Set();

if (['360', '720'].includes(address.get('camera'))) cameraSize.height = Number(address.get('camera'));
at('screen').hidden = !canShareScreen();
at('insecure-note').textContent = insecureContextWords() ?? '';
at('insecure-note').hidden = insecureContextWords() === null;
for (const name of reactionNames) at('reactions').append(reactionButton(name));

lobby.addEventListener('join', ({ detail }) => enter(detail));
at('give-up').addEventListener('click', () => meeting?.leave());
at('nudge').addEventListener('click', nudge);
at('leave').addEventListener('click', () => meeting?.leave());
at('mic').addEventListener('click', () => whileBusy(at('mic'), () => meeting?.setMicrophone(!meeting.micOn)));
at('camera').addEventListener('click', () => whileBusy(at('camera'), () => meeting?.setCamera(!meeting.cameraOn)));
at('screen').addEventListener('click', () => whileBusy(at('screen'), () => meeting?.setScreen(!meeting.screenTrack)));
at('hand').addEventListener('click', () => meeting?.setHand(!meeting.own.hand));
at('react').addEventListener('click', () => showReactions(at('reactions').hidden));
at('people-button').addEventListener('click', () => showPeople(at('people').hidden));
at('people-close').addEventListener('click', () => showPeople(false));
at('copy-link').addEventListener('click', () => copyRoomLink(meeting.room, at('copy-link'), notices));
at('invite-form').addEventListener('submit', invite);
stage.addEventListener('tiles', ({ detail }) => meeting?.setTiles(detail));

document.addEventListener('keydown', (event) => {
  if (document.body.dataset.view !== 'meeting') return;
  if (event.key === 'Escape') {
    if (!at('reactions').hidden) { showReactions(false); at('react').focus(); } else showPeople(false);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest('input, select, dialog')) return;
  const button = KEYS[event.key.toLowerCase()];
  if (button && !at(button).hidden) at(button).click();
});

const visit = recallVisit();
if (address.get('join') === '1') lobby.joinAtOnce(visit);

/** `visit` is `{id, token}` of a place in the room that may still be ours. */
function enter({ room, name, credentials, devices, visit: place = null }) {
  if (meeting) return;
  remember('name', name);
  // A reload comes back into the room.
  history.replaceState(null, '', `?${new URLSearchParams({ room, join: '1' })}`);
  notices.clear();
  knocked.clear();
  at('join-problem').hidden = true;
  at('room-title').textContent = lobby.nameOf(room);
  document.title = `${lobby.nameOf(room)} · Switchyard`;

  meeting = new Meeting({ room, name, url: callsAddress(), credentials, visit: place });
  // For the browser's console: `meeting.roster`, `meeting.viewer.connection.getStats()`, …
  globalThis.meeting = meeting;
  meeting.addEventListener('change', draw);
  meeting.addEventListener('notice', ({ detail }) => notices.show(detail));
  meeting.addEventListener('news', ({ detail }) => { at('news').textContent = detail; });
  meeting.addEventListener('reaction', ({ detail }) => showReaction(detail));
  meeting.addEventListener('level', ({ detail: { id, level } }) => stage.setLevel(id, loudness(level)));
  meeting.addEventListener('knock', ({ detail }) => showKnock(detail));
  meeting.addEventListener('token', rememberVisit);
  meeting.addEventListener('ended', ({ detail }) => left(detail));
  draw();
  meeting.start(devices);
}

function left(why) {
  const { room } = meeting;
  meeting = null;
  globalThis.meeting = null;
  clearInterval(countdown);
  showPeople(false);
  showReactions(false);
  stage.clear();
  at('sound').srcObject = null;
  document.title = 'Switchyard rooms';
  document.body.dataset.view = 'join';
  history.replaceState(null, '', `?${new URLSearchParams({ room })}`);
  lobby.return(why);
}

// Drawing

function draw() {
  document.body.dataset.view = meeting.state === 'waiting' ? 'waiting' : 'meeting';
  if (meeting.state === 'waiting') {
    at('waiting-words').textContent ||= 'An admin of the room has been told that you are here.';
    return;
  }
  at('waiting-words').textContent = '';
  stage.update(tilesOf(meeting), meeting.state === 'joined' && meeting.others.length === 0);
  people.draw(meeting);
  const { own, roster, isAdmin } = meeting;
  toggle(at('mic'), meeting.micOn && !own.audioMutedByAdmin, 'icon-mic', 'icon-mic-off', 'Mute', own.audioMutedByAdmin ? 'Muted by an admin' : 'Unmute');
  at('mic').dataset.muted = own.audioMutedByAdmin ? 'by-admin' : 'no';
  toggle(at('camera'), meeting.cameraOn && !own.videoMutedByAdmin, 'icon-camera', 'icon-camera-off', 'Stop camera', own.videoMutedByAdmin ? 'Stopped by an admin' : 'Start camera');
  at('camera').dataset.muted = own.videoMutedByAdmin ? 'by-admin' : 'no';
  toggle(at('screen'), meeting.screenTrack !== null, 'icon-screen', 'icon-screen', 'Stop sharing', 'Share screen');
  toggle(at('hand'), own.hand, 'icon-hand', 'icon-hand', 'Lower hand', 'Raise hand');
  at('waiting-count').hidden = !isAdmin || roster.waiting.size === 0;
  at('waiting-count').textContent = String(roster.waiting.size);
  at('waiting-count').ariaLabel = `, ${roster.waiting.size} waiting`;
  at('invite-form').hidden = !isAdmin;
  for (const key of at('notices').querySelectorAll('[data-key^="knock "]')) {
    if (!roster.waiting.has(key.dataset.key.slice(6))) key.remove();
  }
  playSound();
  drawConnection();
}

function drawConnection() {
  const count = meeting.others.length + 1;
  clearInterval(countdown);
  at('connection').dataset.state = meeting.state;
  if (meeting.state !== 'lost') {
    const crowd = count === 1 ? 'only you' : `${count} people`;
    at('connection').textContent = meeting.state === 'joined' ? `Connected, ${crowd}` : 'Connecting…';
    return;
  }
  const { retryAt } = meeting;
  const say = () => {
    const seconds = Math.ceil((retryAt - Date.now()) / 1_000);
    at('connection').textContent = seconds > 0
      ? `No connection to the server, trying again in ${seconds} s…` : 'No connection to the server, trying again…';
  };
  say();
  countdown = setInterval(say, 1_000);
}

/** The mixed sound of everybody else. */
function playSound() {
  const track = meeting.state === 'connecting' ? null : meeting.sender?.sound ?? null;
  const element = at('sound');
  if ((element.srcObject?.getTracks()[0] ?? null) === track) return;
  element.srcObject = track ? new MediaStream([track]) : null;
  element.play().catch((error) => {
    if (error.name !== 'NotAllowedError') return;
    notices.show('The browser holds back the sound until you click.', {
      key: 'sound', button: 'Turn on sound', action: () => element.play().catch(() => {}),
    });
  });
}

// Waiting, on both sides of the door

async function nudge() {
  at('waiting-words').textContent = meeting?.nudge() ? 'The admins have been told that you are still waiting.' : 'There is no connection to the server at this moment.';
  at('nudge').disabled = true;
  setTimeout(() => { at('nudge').disabled = false; }, 3_000);
}

function showKnock({ id, name }) {
  if (!meeting.isAdmin) return;
  const again = at('notices').querySelector(`[data-key="${CSS.escape(`knock ${id}`)}"]`);
  again?.remove();
  const isNudge = again !== null || knocked.has(id);
  knocked.add(id);
  if (at('people').hidden && innerWidth > 900) showPeople(true);
  const words = isNudge ? `${name} is still waiting to be let in.` : `${name} is waiting to be let in.`;
  at('news').textContent = words;
  // The list beside the tiles says it already, unless somebody insists.
  if (!isNudge && !at('people').hidden) return;
  notices.show(words, { key: `knock ${id}`, button: 'Let in', action: () => meeting?.moderation.allow(id) });
}

function act(action, id) {
  if (!meeting) return;
  const { moderation } = meeting;
  const [verb, kind] = action.split('_');
  if (kind) moderation.mute(id, kind, verb === 'mute');
  else moderation[action](id);
}

async function invite(event) {
  event.preventDefault();
  const exten = at('invite-exten').value.trim();
  at('invite-words').textContent = `Calling ${exten}…`;
  const rows = await meeting?.moderation.invite([exten]);
  const failed = rows?.find(({ error }) => error);
  at('invite-words').textContent = !rows ? '' : failed ? `${failed.destination} cannot be reached.` : `${exten} is being called.`;
  if (rows && !failed) at('invite-exten').value = '';
}

// Panels and reactions

function showPeople(isShown) {
  at('people').hidden = !isShown;
  at('people-button').ariaExpanded = String(isShown);
}

function showReactions(isShown) {
  at('reactions').hidden = !isShown;
  at('react').ariaExpanded = String(isShown);
  if (isShown) at('reactions').querySelector('button').focus();
}

function reactionButton(name) {
  const { symbol, words } = reaction(name);
  const button = document.createElement('button');
  button.type = 'button';
  button.title = words;
  button.ariaLabel = words;
  button.dataset.reaction = name;
  button.append(icon(symbol));
  button.addEventListener('click', () => { meeting?.react(name); showReactions(false); at('react').focus(); });
  return button;
}

function showReaction({ id, name }) {
  const shown = reaction(name);
  stage.react(id, shown);
  const from = meeting.roster.members.get(id)?.name;
  if (from && id !== meeting.id) at('news').textContent = `${from}: ${shown.words}`;
}

/** Levels are decibels below the loudest (RFC 6464: 0 is the loudest, 127 silence), whichever sign they bear. */
const loudness = (level) => Math.min(1, Math.max(0, 1 + Math.abs(level) / QUIET));

// A reload

function rememberVisit() {
  try {
    if (meeting.token) sessionStorage.setItem(VISIT, JSON.stringify({ room: meeting.room, id: meeting.id, token: meeting.token }));
    else sessionStorage.removeItem(VISIT);
  } catch { /* private windows may refuse */ }
}

function recallVisit() {
  try {
    return JSON.parse(sessionStorage.getItem(VISIT) ?? 'null');
  } catch {
    return null;
  }
}
