"""From what was written down in a page to the figures that are compared."""

from collections import deque

from quality.picture import FRAMES, WIDTH


def gaps(frames, since, until):
    """(start, length) in ms between frames that were shown, with what was still awaited at both ends."""
    times = [since, *(each.at for each in frames if since < each.at < until), until]
    return [(one, other - one) for one, other in zip(times, times[1:])]


def longest_gap(frames, since, until):
    return max(length for _, length in gaps(frames, since, until))


def freezes(frames, since, until):
    """(start, length) in ms of each freeze by Chromium's definition: a gap longer than three times the mean of the last 30, and than
    that mean and 150 ms. Unlike Chromium's own count it has the freeze that did not end."""
    last, found = deque([1000 / 30] * 5, maxlen=30), []
    for start, length in gaps(frames, since, until):
        last.append(length)
        mean = sum(last) / len(last)
        if length >= max(3 * mean, mean + 150):
            found.append((start, length))
    return found


def frozen_share(frames, since, until):
    return sum(length for _, length in freezes(frames, since, until)) / (until - since)


def steps_back(frames):
    """[by how many frames, whether the size changed there] for each older picture that came after a newer one. Numbers come again
    after some seconds, so long gaps say nothing."""
    legible = [each for each in frames if each.number >= 0]
    steps = [(earlier, later, (earlier.number - later.number) % FRAMES) for earlier, later in zip(legible, legible[1:])]
    return [[step, earlier.width != later.width] for earlier, later, step in steps if 0 < step < FRAMES // 2 and later.at - earlier.at < 1000]


def change(stats, kind, name, since, until):
    """By how much a counter of getStats grew."""
    inside = [each[kind][name] for each in stats if each[kind] and since <= each["at"] <= until]
    return inside[-1] - inside[0] if inside else 0


def ratio(stats, kind, above, below, since, until):
    divisor = change(stats, kind, below, since, until)
    return change(stats, kind, above, since, until) / divisor if divisor else None


def figures(viewer, since, until):
    """Of the time between two moments in ms since 1970. Shares go from 0 to 1; None where there was nothing to measure."""
    seconds = (until - since) / 1000
    inside = [each for each in viewer.frames if since <= each.at <= until]
    stats = viewer.stats
    buffered = ratio(stats, "video", "jitterBufferDelay", "jitterBufferEmittedCount", since, until)
    heard = ratio(stats, "audio", "jitterBufferDelay", "jitterBufferEmittedCount", since, until)
    return {
        "seconds": seconds,
        "frozen": frozen_share(inside, since, until),
        "freezes": [[(start - since) / 1000, length] for start, length in freezes(inside, since, until)],
        "freezeCount": change(stats, "video", "freezeCount", since, until),
        "totalFreezesDuration": change(stats, "video", "totalFreezesDuration", since, until),
        "longestGapMs": longest_gap(inside, since, until),
        "fps": len(inside) / seconds,
        "decodedFps": change(stats, "video", "framesDecoded", since, until) / seconds,
        "width": sum(each.width for each in inside) / len(inside) if inside else None,
        "full": sum(each.width == WIDTH for each in inside) / len(inside) if inside else 0.0,
        "kbps": change(stats, "video", "bytesReceived", since, until) * 8 / seconds / 1000,
        "videoBufferMs": buffered and buffered * 1000,
        "audioBufferMs": heard and heard * 1000,
        "concealed": ratio(stats, "audio", "concealedSamples", "totalSamplesReceived", since, until),
        "concealedSilent": ratio(stats, "audio", "silentConcealedSamples", "totalSamplesReceived", since, until),
        "audioPackets": change(stats, "audio", "packetsReceived", since, until),
        "keyFrames": change(stats, "video", "keyFramesDecoded", since, until),
        "nacks": change(stats, "video", "nackCount", since, until),
        "spoilt": sum(each.is_spoilt for each in inside),
        "stepsBack": steps_back(inside),
    }
