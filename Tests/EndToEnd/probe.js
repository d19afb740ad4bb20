// Put into the demo page by the tests (Chromium and Firefox alike): what it sends and receives, in plain values.
globalThis.probe = async () => {
  const { meeting } = globalThis;
  if (!meeting) return null;
  const streams = async (connection, type) => {
    const found = [];
    for (const each of (await connection.getStats()).values()) {
      if (each.type !== type) continue;
      found.push({
        kind: each.kind, mid: each.mid ?? null, bytes: each.bytesReceived ?? each.bytesSent ?? 0,
        frames: each.framesDecoded ?? each.framesEncoded ?? 0, fps: each.framesPerSecond ?? 0,
        width: each.frameWidth ?? 0, height: each.frameHeight ?? 0, energy: each.totalAudioEnergy ?? 0,
        packets: each.packetsReceived ?? each.packetsSent ?? 0, lost: each.packetsLost ?? 0,
        keyFrames: each.keyFramesDecoded ?? 0, freezes: each.freezeCount ?? 0, at: each.timestamp,
      });
    }
    return found;
  };
  const users = {};
  for (const { id, name, constraints, subscriber } of meeting.users.values()) {
    users[name] = {
      id, constraints, state: subscriber?.state ?? 'none',
      received: subscriber?.connection ? await streams(subscriber.connection, 'inbound-rtp') : [],
    };
  }
  const publisher = meeting.publisher;
  return {
    id: meeting.id, state: meeting.state, speaker: meeting.speaker, users,
    publishing: publisher?.state ?? 'none',
    sent: publisher ? await streams(publisher.connection, 'outbound-rtp') : [],
  };
};

// The tiles as a person sees them: name → what is on the tile.
globalThis.tiles = () => Object.fromEntries([...document.querySelectorAll('.tile')].map((tile) => [
  tile.querySelector('.label span').textContent,
  { ...tile.dataset, width: tile.querySelector('video').videoWidth, playing: !tile.querySelector('video').paused },
]));
