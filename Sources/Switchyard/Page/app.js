import { cameraSize, canShareScreen, insecureContextWords } from './devices.js';
import { Details } from './details.js';
import { Meeting } from './meeting.js';
import { Notices, copyRoomLink, recall, remember, toggle, whileBusy } from './parts.js';
import { Stage } from './stage.js';
import { tilesOf } from './tiles.js';

// The page itself: the form, the buttons, the notices. Everything about media is in meeting.js and below it.
//
// Address: ?room=…&name=… fill the form, and join=1 enters at once. The room and the name are remembered. camera=720 or camera=360
// says how many lines the camera's picture is to have.

const at = (id) => document.getElementById(id);
const address = new URLSearchParams(location.search);
const stage = new Stage({ stage: at('stage'), people: at('tiles'), screens: at('screens'), alone: at('alone') });
const details = new Details({ dialog: at('details'), people: at('details-people'), rows: at('details-rows') });
const notices = new Notices(at('notices'));
let meeting = null;
let countdown = 0;
let isGoingAway = false;

at('room').value = address.get('room') ?? recall('room') ?? '';
at('name').value = address.get('name') ?? recall('name') ?? '';
if (['360', '720'].includes(address.get('camera'))) cameraSize.height = Number(address.get('camera'));
at('screen').hidden = !canShareScreen();
const insecure = insecureContextWords();
at('insecure-note').textContent = insecure ?? '';
at('insecure-note').hidden = insecure === null;

at('join-form').addEventListener('submit', (event) => {
  event.preventDefault();
  enter();
});
at('leave').addEventListener('click', () => meeting?.leave());
at('mic').addEventListener('click', () => meeting?.setMicrophone(!meeting.micOn));
at('camera').addEventListener('click', () => whileBusy(at('camera'), () => meeting?.setCamera(!meeting.cameraOn)));
at('screen').addEventListener('click', () => whileBusy(at('screen'), () => meeting?.setScreen(!meeting.screenTrack)));
at('copy-link').addEventListener('click', copyLink);
at('details-button').addEventListener('click', () => meeting && details.open(meeting));
at('details-close').addEventListener('click', () => details.close());
stage.addEventListener('sound-blocked', askForSound);
stage.addEventListener('want', ({ detail }) => meeting?.want(detail.user, detail.choice));
stage.addEventListener('tiles', ({ detail }) => meeting?.setTiles(detail));

document.addEventListener('keydown', (event) => {
  if (!meeting || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, dialog')) return;
  const button = { m: 'mic', v: 'camera', s: 'screen' }[event.key.toLowerCase()];
  if (button) at(button).click();
});

// Going away must not leave a frozen tile behind for the others; coming back by the back button starts afresh.
addEventListener('pagehide', () => {
  isGoingAway = true;
  meeting?.leave();
});
addEventListener('pageshow', () => { isGoingAway = false; });

if (address.get('join') === '1' && at('join-form').checkValidity()) enter();

function enter() {
  const room = at('room').value.trim();
  const name = at('name').value.trim();
  if (!room || !name || meeting) return;
  remember('room', room);
  remember('name', name);
  // A reload comes back into the room.
  history.replaceState(null, '', `?${new URLSearchParams({ room, join: '1' })}`);
  at('join-problem').hidden = true;
  notices.clear();
  at('room-title').textContent = room;
  document.title = `${room} · Switchyard`;
  document.body.dataset.view = 'meeting';

  const socket = new URL('demo/ws', location.href);
  socket.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  socket.search = '';
  meeting = new Meeting({ room, name, url: socket.href });
  // For the browser's console: `meeting.users`, `meeting.publisher.connection.getStats()`, …
  globalThis.meeting = meeting;
  meeting.addEventListener('change', draw);
  meeting.addEventListener('notice', ({ detail }) => notices.show(detail));
  meeting.addEventListener('ended', ({ detail }) => left(detail));
  draw();
  meeting.start({ audio: at('start-audio').checked, video: at('start-video').checked });
}

function left(why) {
  meeting = null;
  globalThis.meeting = null;
  clearInterval(countdown);
  details.close();
  stage.clear();
  document.title = 'Switchyard';
  document.body.dataset.view = 'join';
  if (isGoingAway) return;
  history.replaceState(null, '', `?${new URLSearchParams({ room: at('room').value.trim() })}`);
  at('join-problem').textContent = why ?? '';
  at('join-problem').hidden = !why;
  at('join-button').focus();
}

function draw() {
  stage.update(tilesOf(meeting), meeting.state === 'joined' && meeting.users.size === 0);
  toggle(at('mic'), meeting.micOn, 'icon-mic', 'icon-mic-off', 'Mute', 'Unmute');
  toggle(at('camera'), meeting.cameraOn, 'icon-camera', 'icon-camera-off', 'Stop camera', 'Start camera');
  toggle(at('screen'), meeting.screenTrack !== null, 'icon-screen', 'icon-screen', 'Stop sharing', 'Share screen');
  drawConnection();
}

function drawConnection() {
  const people = meeting.users.size + 1;
  clearInterval(countdown);
  at('connection').dataset.state = meeting.state;
  if (meeting.state !== 'lost') {
    const crowd = people === 1 ? 'only you' : `${people} people`;
    at('connection').textContent = meeting.state === 'joined' ? `Connected, ${crowd}` : 'Connecting…';
    return;
  }
  const { retryAt } = meeting;
  const count = () => {
    const seconds = Math.ceil((retryAt - Date.now()) / 1_000);
    at('connection').textContent = seconds > 0
      ? `No connection to the server, trying again in ${seconds} s…` : 'No connection to the server, trying again…';
  };
  count();
  countdown = setInterval(count, 1_000);
}

function askForSound() {
  notices.show('The browser holds back the sound until you click.', {
    key: 'sound', button: 'Turn on sound', action: () => stage.allowSound(),
  });
}

function copyLink() {
  return copyRoomLink(meeting.room, at('copy-link'), notices);
}
