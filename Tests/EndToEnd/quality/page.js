// Publishes and subscribes with plain WebRTC calls, and writes down what arrives. Times are milliseconds since 1970.
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const subscriptions = new Map();
  let publisher = null;
  let source = null;

  const fields = {
    video: ['freezeCount', 'totalFreezesDuration', 'framesReceived', 'framesDecoded', 'framesDropped', 'keyFramesDecoded', 'frameWidth', 'frameHeight',
      'jitterBufferDelay', 'jitterBufferEmittedCount', 'bytesReceived', 'packetsReceived', 'packetsLost', 'nackCount', 'pliCount',
      'retransmittedPacketsReceived'],
    audio: ['concealedSamples', 'silentConcealedSamples', 'totalSamplesReceived', 'jitterBufferDelay', 'jitterBufferEmittedCount', 'bytesReceived', 'packetsReceived', 'packetsLost'],
  };

  // The number that a frame carries at the top and at the bottom, -1 if they differ, and how far its colours are from what was sent.
  const look = (planes, width, height) => {
    const [luma, u, v] = planes;
    const scale = width / source.width;
    const bit = (index, middle) => {
      const x = Math.round((index + 0.5) * width / source.bits);
      const y = Math.round(middle);
      let sum = 0;
      for (let dy = -1; dy <= 1; dy += 1) for (let dx = -1; dx <= 1; dx += 1) sum += luma.at(x + dx, y + dy);
      return sum > 9 * 125 ? 1 : 0;
    };
    let top = 0;
    let bottom = 0;
    for (let index = 0; index < source.bits; index += 1) {
      top |= bit(index, source.band * scale / 2) << index;
      bottom |= bit(index, height - source.band * scale / 2) << index;
    }
    const number = top === bottom && top < source.frames ? top : -1;
    let error = 0;
    if (number >= 0) {
      const size = Math.round(source.patch * scale);
      source.patches.forEach(([x, y], index) => {
        let sum = 0;
        const left = Math.round(x * scale);
        const upper = Math.round(y * scale);
        for (let dy = 0; dy < size; dy += 1) for (let dx = 0; dx < size; dx += 1) sum += luma.at(left + dx, upper + dy);
        error += Math.abs(sum / (size * size) - source.means[number * source.patches.length + index]);
      });
      error /= source.patches.length;
    }
    let colour = 0;
    [u, v].forEach((plane, which) => {
      for (let index = 0; index < 16; index += 1) {
        const x = Math.floor(width / 2 * (index % 4 + 0.5) / 4);
        const y = Math.floor(height / 2 * (Math.floor(index / 4) + 0.5) / 4);
        colour += Math.abs(plane.at(x, y) - source.chroma[which][index]) / 32;
      }
    });
    return [number, Math.max(error, colour)];
  };

  const plane = (bytes, { offset, stride }, step = 1, shift = 0) => ({ at: (x, y) => bytes[offset + y * stride + x * step + shift] });

  const readFrames = async (track, record) => {
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 10 }).readable.getReader();
    let bytes = new Uint8Array(0);
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      const at = now();
      record.first ??= at;
      const { width, height } = frame.visibleRect;
      const length = frame.allocationSize();
      if (bytes.length < length) bytes = new Uint8Array(length);
      const layout = await frame.copyTo(bytes);
      const planes = frame.format === 'NV12'
        ? [plane(bytes, layout[0]), plane(bytes, layout[1], 2, 0), plane(bytes, layout[1], 2, 1)]
        : layout.slice(0, 3).map((each) => plane(bytes, each));
      frame.close();
      record.frames.push([at, width, height, ...look(planes, width, height)]);
    }
  };

  const sample = async (record) => {
    const { connection } = record;
    const found = { at: now(), video: null, audio: null };
    for (const each of (await connection.getStats()).values()) {
      if (each.type === 'inbound-rtp') found[each.kind] = Object.fromEntries(fields[each.kind].map((name) => [name, each[name] ?? 0]));
      if (each.type === 'candidate-pair' && each.nominated) found.rtt = each.currentRoundTripTime ?? null;
    }
    record.stats.push(found);
  };

  globalThis.quality = {
    know(picture) {
      source = { ...picture, means: Uint8Array.from(atob(picture.means), (each) => each.charCodeAt(0)) };
    },

    async publish({ codec, encodings }) {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
        video: { width: source.width, height: source.height },
      });
      publisher = new RTCPeerConnection();
      for (const track of stream.getAudioTracks()) publisher.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
      for (const track of stream.getVideoTracks()) {
        const transceiver = publisher.addTransceiver(track, { direction: 'sendonly', streams: [stream], sendEncodings: encodings });
        const { codecs } = RTCRtpSender.getCapabilities('video');
        transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => [`video/${codec}`, 'video/rtx'].includes(mimeType)));
        const parameters = transceiver.sender.getParameters();
        parameters.degradationPreference = 'maintain-resolution';
        await transceiver.sender.setParameters(parameters);
      }
      await publisher.setLocalDescription();
      const { type, sdp } = publisher.localDescription;
      return { type, sdp };
    },

    async published(answer) {
      await publisher.setRemoteDescription(answer);
    },

    async sent() {
      const found = [];
      for (const each of (await publisher.getStats()).values()) {
        if (each.type !== 'outbound-rtp' || each.kind !== 'video') continue;
        const { rid, frameWidth, frameHeight, framesPerSecond, bytesSent, targetBitrate, keyFramesEncoded, totalEncodeTime, framesEncoded, active,
          qualityLimitationReason, pliCount, firCount, encoderImplementation } = each;
        found.push({ at: now(), rid, frameWidth, frameHeight, framesPerSecond, bytesSent, targetBitrate, keyFramesEncoded, totalEncodeTime, framesEncoded,
          active, qualityLimitationReason, pliCount, firCount, encoderImplementation });
      }
      return found;
    },

    async subscribe(name, offer) {
      const connection = new RTCPeerConnection();
      const record = { connection, frames: [], stats: [], first: null, connected: null, started: now() };
      subscriptions.set(name, record);
      connection.addEventListener('connectionstatechange', () => {
        if (connection.connectionState === 'connected') record.connected ??= now();
      });
      connection.addEventListener('track', ({ track }) => {
        if (track.kind === 'video') {
          readFrames(track, record);
        } else {
          // Sound that nobody plays is not decoded.
          record.sound = new Audio();
          record.sound.srcObject = new MediaStream([track]);
          record.sound.play().catch((error) => { record.failure = String(error); });
        }
      });
      await connection.setRemoteDescription(offer);
      await connection.setLocalDescription();
      record.timer = setInterval(() => sample(record), 200);
      const { type, sdp } = connection.localDescription;
      return { type, sdp };
    },

    // What was written down since `frames` frames and `stats` samples.
    taken(name, frames, stats) {
      const record = subscriptions.get(name);
      return {
        now: now(), started: record.started, connected: record.connected, first: record.first, state: record.connection.connectionState,
        failure: record.failure ?? null, frames: record.frames.slice(frames), stats: record.stats.slice(stats),
      };
    },

    leave(name) {
      const record = subscriptions.get(name);
      clearInterval(record.timer);
      record.connection.close();
      record.sound?.pause();
      subscriptions.delete(name);
    },
  };
})();
