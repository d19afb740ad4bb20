"""From frames and counters to figures, table and verdict, without a browser."""

import pytest

from quality.cells import cell
from quality.figures import change, freezes, frozen_share, longest_gap, ratio, steps_back
from quality.report import COLUMNS, chart, misses, table, verdict
from quality.viewer import Frame


def shown(times, first=0):
    return [Frame(at, 1280, 720, (first + index) % 120, 1.0) for index, at in enumerate(times)]


def steady(since, until, every=33):
    return list(range(since, until, every))


def test_a_steady_picture_never_freezes():
    assert freezes(shown(steady(1000, 9000)), 1000, 9000) == []


def test_a_gap_of_five_frames_is_no_freeze_and_one_of_seven_is():
    assert freezes(shown(steady(1000, 5000) + steady(5100, 9000)), 1000, 9000) == []
    ((start, length),) = freezes(shown(steady(1000, 5000) + steady(5230, 9000)), 1000, 9000)
    assert (start, length) == (steady(1000, 5000)[-1], 5230 - steady(1000, 5000)[-1])


def test_a_freeze_that_does_not_end_counts_to_the_end():
    frames = shown(steady(1000, 2000))
    assert frozen_share(frames, 1000, 11_000) == pytest.approx(0.9, abs=0.01)
    assert longest_gap(frames, 1000, 11_000) == 11_000 - frames[-1].at
    assert frozen_share([], 1000, 11_000) == 1


def test_older_pictures_after_newer_ones_are_found_also_where_numbers_begin_again():
    assert steps_back(shown(steady(0, 4000), first=100)) == []
    frames = shown(steady(0, 1000))
    frames[10], frames[11] = frames[11], frames[10]
    assert steps_back(frames) == [[1, False]]


def test_counters_are_compared_within_their_window():
    stats = [{"at": at, "audio": {"concealedSamples": at / 10, "totalSamplesReceived": at}, "video": None} for at in range(0, 1000, 100)]
    assert change(stats, "audio", "totalSamplesReceived", 200, 600) == 400
    assert ratio(stats, "audio", "concealedSamples", "totalSamplesReceived", 200, 600) == pytest.approx(0.1)
    assert change(stats, "video", "framesDecoded", 200, 600) == 0
    assert ratio(stats, "video", "jitterBufferDelay", "jitterBufferEmittedCount", 200, 600) is None


def results(ours, theirs, **figures):
    return [
        {"server": server, "cell": "loss-5", "repetition": number, "figures": {"frozen": share, "spoilt": 0, **figures}}
        for server, shares in (("Switchyard", ours), ("Janus", theirs)) for number, share in enumerate(shares, 1)]


def test_medians_of_both_servers_stand_in_one_field():
    line = table(results([0.001, 0.5, 0.002], [0.1, 0.2, 0.3], longestGapMs=None), [cell("loss-5")], COLUMNS).splitlines()[2]
    assert "| 0.2 / 20.0 | never / never |" in line


def test_each_broken_promise_is_told():
    cells = [cell("loss-5")]
    assert misses(results([0.001], [0.002]), cells) == []
    assert verdict(results([0.001], [0.2]), cells) == {"better": 1, "as good": 0, "worse": 0}
    told = misses(results([0.2], [0.1]), cells)
    assert len(told) == 2 and "not under 0.01" in told[0] and "Janus's for 10.0%" in told[1]
    assert any("spoilt" in each for each in misses(results([0], [0], spoilt=1), cells))
    failed = [{"server": "Janus", "cell": "loss-5", "repetition": 1, "failed": "no picture"}]
    assert misses(results([0], []) + failed, cells) == ["loss-5: Janus failed: no picture"]


def test_the_chart_has_a_bar_for_each_server_and_says_what_was_not_measured():
    drawn = chart(results([0.001], []), [cell("loss-5")])
    assert ">0.1</text>" in drawn and "not measured" in drawn
