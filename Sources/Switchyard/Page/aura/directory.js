/**
 * The server's rooms and users by REST. Where the server has API keys this page has none of them, and there is no directory: whoever
 * comes has a link.
 */
export class Directory {
  rooms = [];

  /** Reads the rooms again; false where the server does not tell. */
  async load() {
    try {
      this.rooms = (await ask('GET', 'v1/rooms')).rooms;
      return true;
    } catch {
      this.rooms = [];
      return false;
    }
  }

  /** What a room is called, or null where that is not known. */
  nameOf(id) {
    return this.rooms.find(({ uuid }) => uuid === id)?.name ?? null;
  }

  /**
   * Makes a room: `access` is `open` to all, `password`, or `waiting` (an admin lets people in). `admin` is `{username, password}` of who
   * decides there, or null; a user who is not known yet is made. Resolves with the room's id; rejects with a sentence.
   */
  async make({ name, access, password, admin }) {
    const room = { name, open: access !== 'password', force_password: access === 'password', force_waiting_room: access === 'waiting', members: [] };
    if (access === 'password') room.password = password;
    if (admin) room.members.push({ user_id: await this.#user(admin), admin: true });
    return (await ask('POST', 'v1/rooms', { room })).room.uuid;
  }

  async #user({ username, password, displayName }) {
    const { users } = await ask('GET', 'v1/users');
    const known = users.find((user) => user.username === username);
    if (known) return known.uuid;
    const { user } = await ask('POST', 'v1/users', { user: { username, password, display_name: displayName } });
    return user.uuid;
  }
}

async function ask(method, path, body) {
  const response = await fetch(path, {
    method, headers: body ? { 'Content-Type': 'application/json' } : {}, body: body && JSON.stringify(body),
  });
  if (response.ok) return response.json();
  const reason = await response.json().then(({ error }) => sentence(error), () => '');
  throw new Error(reason || `the server answered ${response.status}`);
}

/** Errors are a text, or texts by field. */
function sentence(error) {
  if (typeof error === 'string') return error;
  return Object.values(error ?? {}).filter((each) => typeof each === 'string').join(' ');
}

/** The room that was typed or pasted: its id, or a link to this page. */
export function roomIn(text) {
  const typed = text.trim();
  if (!/^https?:\/\//i.test(typed)) return typed;
  try {
    return new URL(typed).searchParams.get('room') ?? typed;
  } catch {
    return typed;
  }
}

/** How one gets in, in words. */
export function accessWords({ open, has_password: hasPassword, force_password: forcesPassword, force_waiting_room: forcesWaitingRoom }) {
  const steps = [];
  if (forcesPassword || (hasPassword && !open)) steps.push('password');
  if (forcesWaitingRoom) steps.push('waiting room');
  if (steps.length > 0) return steps.join(' and ');
  return open ? 'open' : 'by invitation';
}
