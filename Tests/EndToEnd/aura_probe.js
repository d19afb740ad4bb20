// Put into the page at /aura by the tests: a camera of one colour, a microphone of one tone, and what arrives, in plain values.

/** Replaces the devices. The camera is as large as the page asks for; with `pauses` the tone comes and goes as speech does. */
globalThis.useDevices = ({ rgb, hertz, pauses }) => {
  const microphone = () => {
    const context = new AudioContext({ sampleRate: 48000 });
    const tone = new OscillatorNode(context, { frequency: hertz });
    const loudness = new GainNode(context, { gain: 0.35 });
    const microphone = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    tone.connect(loudness).connect(microphone);
    tone.start();
    if (pauses) setInterval(() => { loudness.gain.value = loudness.gain.value ? 0 : 0.35; }, 400);
    return microphone.stream.getAudioTracks()[0];
  };
  const camera = ({ width, height }) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: width.ideal, height: height.ideal });
    const picture = canvas.getContext('2d', { alpha: false });
    let count = 0;
    const timer = setInterval(() => {
      picture.fillStyle = `rgb(${rgb})`;
      picture.fillRect(0, 0, canvas.width, canvas.height);
      picture.fillStyle = 'white';
      picture.fillRect((count++ * 16) % canvas.width, canvas.height * 5 / 6, 48, canvas.height / 6);
    }, 66);
    const [track] = canvas.captureStream(15).getVideoTracks();
    const stop = track.stop.bind(track);
    track.stop = () => { clearInterval(timer); stop(); };
    return track;
  };
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) => (
    new MediaStream([audio && microphone(), video && camera(video)].filter(Boolean)));
};

const tileOf = (name) => [...document.querySelectorAll('.tile')].find((tile) => tile.querySelector('.label span').textContent === name);

/** RGB in the middle of what the tile of that name shows, or null. */
globalThis.colourOf = (name) => {
  const video = tileOf(name)?.querySelector('video');
  if (!video?.videoWidth) return null;
  const canvas = new OffscreenCanvas(16, 9);
  const picture = canvas.getContext('2d');
  picture.drawImage(video, 0, 0, 16, 9);
  return [...picture.getImageData(8, 4, 1, 1).data].slice(0, 3);
};

/** What arrives from the member of that name: `{frames, width, height, mid}`, or null. */
globalThis.pictureOf = async (name) => {
  const member = meeting?.others.find((each) => each.name === name);
  const track = member && meeting.viewer.track(member.id);
  if (!track) return null;
  const reports = [...(await meeting.viewer.connection.getStats()).values()];
  const found = reports.find(({ type, trackIdentifier }) => type === 'inbound-rtp' && trackIdentifier === track.id);
  return found ? { frames: found.framesDecoded ?? 0, width: found.frameWidth ?? 0, height: found.frameHeight ?? 0, mid: found.mid } : null;
};

/** The level of each frequency in the mix that arrives, in decibels of full scale, over two thirds of a second. */
globalThis.mixLevels = async (frequencies) => {
  const track = meeting?.sender?.sound;
  if (!track) return null;
  if (mixLevels.track !== track) {
    const context = new AudioContext({ sampleRate: 48000 });
    mixLevels.track = track;
    mixLevels.analyser = new AnalyserNode(context, { fftSize: 32768 });
    new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([track]) }).connect(mixLevels.analyser);
    mixLevels.since = performance.now();
  }
  // So that there are only samples of this track.
  if (performance.now() - mixLevels.since < 1000) return null;
  const wave = new Float32Array(32768);
  mixLevels.analyser.getFloatTimeDomainData(wave);
  return frequencies.map((hertz) => {
    let [real, imaginary, weight] = [0, 0, 0];
    wave.forEach((sample, at) => {
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / (wave.length - 1));
      const angle = (2 * Math.PI * hertz * at) / 48000;
      real += sample * window * Math.cos(angle);
      imaginary += sample * window * Math.sin(angle);
      weight += window;
    });
    return 20 * Math.log10(Math.max((2 * Math.hypot(real, imaginary)) / weight, 1e-6));
  });
};
