/** What each tile shows, in the order of the tiles: ourselves first. Whoever shares a screen shows it in place of the camera. */
export function tilesOf(meeting) {
  const { own, roster } = meeting;
  const isSending = meeting.cameraOn || meeting.screenTrack !== null;
  const list = [tile({
    key: 'me', id: meeting.id, own: true, name: `${meeting.name} (you)`, sharing: meeting.screenTrack !== null,
    picture: meeting.screenTrack ?? meeting.localStream.getVideoTracks()[0] ?? null,
    audio: meeting.micOn, byAdmin: own.audioMutedByAdmin, video: isSending && !own.videoMutedByAdmin,
    speaking: roster.speaker === meeting.id, hand: own.hand, state: meeting.sender?.state ?? 'new',
  })];
  for (const member of meeting.others) {
    const picture = meeting.viewer?.track(member.id) ?? null;
    list.push(tile({
      key: `member ${member.id}`, id: member.id, own: false, name: member.name, sharing: member.sharing, picture,
      audio: !member.audioMuted, byAdmin: member.audioMutedByAdmin, video: !member.videoMuted && !member.videoMutedByAdmin && !member.isTelephone,
      speaking: roster.speaker === member.id, hand: member.hand, state: picture ? meeting.viewer.state : 'connected',
    }));
  }
  return list;
}

function tile({ key, id, own, name, sharing, audio, byAdmin, speaking, ...rest }) {
  const heard = audio && !byAdmin;
  return {
    ...rest, own, user: id, sound: null, audio: heard, byAdmin, speaking: speaking && heard,
    ...(sharing
      ? { key: `screen ${key}`, kind: 'screen', name: own ? 'Your screen' : `${name}’s screen` }
      : { key, kind: 'camera', name }),
  };
}
