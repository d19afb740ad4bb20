// What the browser's statistics say about a connection.

/** The streams in a report, and the path that they take. */
export function read(report) {
  const all = [...report.values()];
  const pair = all.find(({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded');
  const streams = all.filter(({ type }) => type === 'outbound-rtp' || type === 'inbound-rtp').map((stream) => {
    const isSent = stream.type === 'outbound-rtp';
    const remote = isSent ? all.find(({ type, localId }) => type === 'remote-inbound-rtp' && localId === stream.id) : null;
    return {
      key: `${stream.type} ${stream.ssrc}`,
      time: stream.timestamp,
      kind: stream.kind,
      rid: stream.rid ?? '',
      bytes: (isSent ? stream.bytesSent : stream.bytesReceived) ?? 0,
      packets: (isSent ? stream.packetsSent : stream.packetsReceived) ?? 0,
      lost: Math.max(0, (isSent ? remote?.packetsLost : stream.packetsLost) ?? 0),
      lostShare: isSent ? remote?.fractionLost : lostShare(stream),
      rtt: remote?.roundTripTime ?? pair?.currentRoundTripTime,
      width: stream.frameWidth ?? 0,
      height: stream.frameHeight ?? 0,
      fps: stream.framesPerSecond ?? 0,
      codec: report.get(stream.codecId)?.mimeType.split('/')[1] ?? null,
    };
  });
  return { streams, rtt: pair?.currentRoundTripTime ?? null, available: pair?.availableOutgoingBitrate ?? null };
}

function lostShare({ packetsLost = 0, packetsReceived = 0 }) {
  const expected = packetsLost + packetsReceived;
  return expected > 0 ? Math.max(0, packetsLost) / expected : undefined;
}

/** How a stream went between two readings: bits per second, and packets lost and due; null where there is none before. */
export function progress(stream, before) {
  const seconds = before ? (stream.time - before.time) / 1_000 : 0;
  if (seconds <= 0 || stream.bytes < before.bytes) return null;
  const lost = Math.max(0, stream.lost - before.lost);
  return { bitrate: ((stream.bytes - before.bytes) * 8) / seconds, lost, due: lost + Math.max(0, stream.packets - before.packets) };
}
