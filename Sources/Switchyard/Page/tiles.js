/** What each tile shows, in the order of the tiles: ourselves first. */
export function tilesOf(meeting) {
  const list = [{
    key: 'me', user: meeting.id ?? '', kind: 'camera', own: true, name: `${meeting.name} (you)`,
    picture: meeting.localStream.getVideoTracks()[0] ?? null, sound: null, audio: meeting.micOn, video: meeting.cameraOn,
    speaking: meeting.speaker !== null && meeting.speaker === meeting.id && meeting.micOn,
    state: meeting.publisher?.state ?? 'watching',
  }];
  if (meeting.screenTrack) {
    list.push({
      key: 'my screen', user: meeting.id ?? '', kind: 'screen', own: true, name: 'Your screen',
      picture: meeting.screenTrack, sound: null, audio: true, video: true, speaking: false, state: 'connected',
    });
  }
  for (const user of meeting.users.values()) {
    const { audio = null, camera = null, screen = null } = user.subscriber?.tracks() ?? {};
    const state = user.subscriber?.state ?? 'watching';
    list.push({
      key: `user ${user.id}`, user: user.id, kind: 'camera', own: false, name: user.name,
      picture: camera, sound: audio, audio: Boolean(audio && user.constraints.audio),
      video: Boolean(camera && user.constraints.video), speaking: meeting.speaker === user.id && user.constraints.audio, state,
      wanted: user.wanted,
    });
    if (screen) {
      list.push({
        key: `screen ${user.id}`, user: user.id, kind: 'screen', own: false, name: `${user.name}’s screen`,
        picture: screen, sound: null, audio: true, video: user.constraints.video, speaking: false, state,
      });
    }
  }
  return list;
}
