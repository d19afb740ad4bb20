/** Microphone, camera and screen, and what to tell a person when one of them cannot be had. */

/** Pixels of the camera's picture: a machine with few processors has enough to do with the smaller one. */
const cameraHeight = () => cameraSize.height ?? ((navigator.hardwareConcurrency ?? 4) >= 4 ? 720 : 360);

/** What the page's address asks for: 720 or 360; null where it asks for nothing. */
export const cameraSize = { height: null };

const wishes = {
  audio: () => ({ echoCancellation: true, noiseSuppression: true, autoGainControl: true }),
  video: () => ({
    width: { ideal: (cameraHeight() * 16) / 9 }, height: { ideal: cameraHeight() }, frameRate: { ideal: 30, max: 30 }, facingMode: 'user',
  }),
};

/** The sizes in which a camera's picture is sent at once, the smallest first: of 720 lines 180, 360 and 720, of 360 lines 180 and 360. */
export function cameraEncodings() {
  const encodings = [
    { rid: 'q', scaleResolutionDownBy: cameraHeight() / 180, maxBitrate: 150_000 },
    { rid: 'h', scaleResolutionDownBy: cameraHeight() / 360, maxBitrate: 600_000 },
    { rid: 'f', scaleResolutionDownBy: cameraHeight() / 720, maxBitrate: 1_700_000 },
  ];
  return encodings.filter(({ scaleResolutionDownBy }) => scaleResolutionDownBy >= 1);
}
const words = { audio: 'microphone', video: 'camera' };

/**
 * Asks for the devices that are wanted and makes do with those that can be had.
 * Never rejects: resolves with `{audio, video, problems}`, tracks or null, and a sentence for each thing that went wrong.
 */
export async function openDevices({ audio, video }) {
  const wanted = [audio && 'audio', video && 'video'].filter(Boolean);
  const result = { audio: null, video: null, problems: [] };
  if (wanted.length === 0) return result;
  if (!navigator.mediaDevices?.getUserMedia) {
    result.problems.push(insecureContextWords() ?? 'This browser gives pages no camera and no microphone.');
    return result;
  }
  try {
    await take(wanted, result);
  } catch (error) {
    if (wanted.length === 1) {
      result.problems.push(inWords(error, wanted));
    } else {
      await takeOneByOne(wanted, error, result);
    }
  }
  return result;
}

export async function openScreen() {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
  const [track] = stream.getVideoTracks();
  // Text has to stay sharp; it may move less smoothly.
  track.contentHint = 'detail';
  return track;
}

export const canShareScreen = () => typeof navigator.mediaDevices?.getDisplayMedia === 'function';

/** Why there can be no camera here, or null where the page's address is no obstacle. */
export function insecureContextWords() {
  if (isSecureContext) return null;
  return 'This page was opened over plain http, and browsers give camera and microphone only to https pages and to '
    + 'localhost. You can watch and listen; to be seen and heard, open it by https.';
}

async function take(kinds, result) {
  const request = Object.fromEntries(kinds.map((kind) => [kind, wishes[kind]()]));
  const stream = await navigator.mediaDevices.getUserMedia(request);
  result.audio ??= stream.getAudioTracks()[0] ?? null;
  result.video ??= stream.getVideoTracks()[0] ?? null;
}

/** One device of two failed, and the browser does not say which. */
async function takeOneByOne(kinds, error, result) {
  const failed = [];
  for (const kind of kinds) {
    // Somebody who has just said no is not asked again.
    if (error.name === 'NotAllowedError' && !(await isGranted(kind))) { failed.push([error, kind]); continue; }
    try { await take([kind], result); } catch (reason) { failed.push([reason, kind]); }
  }
  const alike = failed.length === kinds.length && failed.every(([reason]) => reason.name === failed[0][0].name);
  if (alike) result.problems.push(inWords(failed[0][0], kinds));
  else result.problems.push(...failed.map(([reason, kind]) => inWords(reason, [kind])));
}

async function isGranted(kind) {
  try {
    return (await navigator.permissions.query({ name: words[kind] })).state === 'granted';
  } catch {
    return false;
  }
}

function inWords(error, kinds) {
  const what = kinds.map((kind) => words[kind]).join(' and ');
  const are = kinds.length > 1 ? 'are' : 'is';
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return `The ${what} ${are} blocked for this page. Allow ${kinds.length > 1 ? 'them' : 'it'} in the browser’s address bar `
        + '(and in the system’s privacy settings), then press the button below again.';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return `No ${kinds.map((kind) => words[kind]).join(' and no ')} was found. Plug one in, then press the button below again.`;
    case 'NotReadableError':
    case 'AbortError':
      return `The ${what} ${are} there but cannot be opened. Another program may be using ${kinds.length > 1 ? 'them' : 'it'}.`;
    default:
      return `The ${what} cannot be opened: ${error.message || error.name}.`;
  }
}
