/**
 * Who is in the room and who waits outside, as the server's notifications tell it. Knows nothing of sockets or media.
 *
 * A member: `{id, name, user, isAdmin, hand, sharing, audioMuted, videoMuted, audioMutedByAdmin, videoMutedByAdmin, isTelephone}`.
 */
export class Roster {
  members = new Map();
  /** `{id, name, user}` by id, in the order of knocking. */
  waiting = new Map();
  /** The id of who speaks, or null. */
  speaker = null;

  replaceMembers(list) {
    this.members = new Map(list.map((each) => [each.id, member(each)]));
    if (!this.members.has(this.speaker)) this.speaker = null;
  }

  replaceWaiting(list) {
    this.waiting = new Map(list.map((each) => [each.member, person(each)]));
  }

  clear() {
    this.members.clear();
    this.waiting.clear();
    this.speaker = null;
  }

  /** Takes a notification in; what is not about members is left to others. */
  apply(method, params) {
    const change = CHANGES[method];
    if (change) {
      const known = this.members.get(params.member);
      if (known) Object.assign(known, change(params));
      return;
    }
    switch (method) {
      case 'member_join_room': this.members.set(params.id, member(params)); break;
      case 'member_leave_room':
        this.members.delete(params.member);
        if (this.speaker === params.member) this.speaker = null;
        break;
      case 'room_active_speaker': this.speaker = params.member; break;
      case 'room_clear_active_speaker': this.speaker = null; break;
      case 'member_waiting': this.waiting.set(params.member, person(params)); break;
      case 'member_leave_waiting_room':
      case 'member_waiting_allowed':
      case 'member_waiting_rejected': this.waiting.delete(params.member); break;
    }
  }
}

/** What each notification about one member changes of them. */
const CHANGES = {
  member_mute_audio: ({ by_admin: byAdmin }) => (byAdmin ? { audioMutedByAdmin: true } : { audioMuted: true }),
  member_unmute_audio: ({ by_admin: byAdmin }) => (byAdmin ? { audioMutedByAdmin: false } : { audioMuted: false }),
  member_mute_video: ({ by_admin: byAdmin }) => (byAdmin ? { videoMutedByAdmin: true } : { videoMuted: true }),
  member_unmute_video: ({ by_admin: byAdmin }) => (byAdmin ? { videoMutedByAdmin: false } : { videoMuted: false }),
  member_raise_hand: () => ({ hand: true }),
  member_unraise_hand: () => ({ hand: false }),
  member_start_screen_share: () => ({ sharing: true }),
  member_stop_screen_share: () => ({ sharing: false }),
};

function member(each) {
  return {
    id: each.id, name: String(each.name || 'Somebody'), user: each.user ?? null, isAdmin: each.is_admin === true, hand: each.hand_raised === true,
    sharing: each.screen_share === true, audioMuted: each.audio_muted === true, videoMuted: each.video_muted === true,
    audioMutedByAdmin: each.audio_muted_by_admin === true, videoMutedByAdmin: each.video_muted_by_admin === true, isTelephone: each.is_sip === true,
  };
}

const person = ({ member: id, name, user }) => ({ id, name: String(name || 'Somebody'), user: user ?? null });
