"""Bench against bench: exact rank sums by hand, few false alarms, and unlike machines refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench_documents import cell

from tidegauge.analysis.transcode.compare import compare_benches, holm, shift_of_logs, smallest_p
from tidegauge.analysis.transcode.document import Bench, read_bench
from tidegauge.errors import TidegaugeError

FFMPEG = {"version": "9.0", "sha256": "ab" * 32}
MACHINE = {"cpu_model": "EPYC", "architecture": "x86_64", "cores": 2}


def bench(*rounds: list[float], ffmpeg: Any = FFMPEG, machine: Any = MACHINE, **more: Any) -> Bench:
    cells = [cell("fargate-x86-16vcpu-32gb", None, None, cpu_s_rounds=None)]  # skipped
    cells += [
        cell("local-machine", 1.0, None, media=f"{number}.gif", cpu_s_rounds=each, **more)
        for number, each in enumerate(rounds)
    ]
    return read_bench({"schema_version": 1, "cells": cells, "ffmpeg": ffmpeg, "machine": machine}, "b")


def test_five_against_five_can_reach_one_in_252() -> None:
    assert smallest_p(5, 5) == pytest.approx(1 / 252)  # 10! / (5! 5!) orders


def test_the_interval_of_five_against_five_ends_at_the_third_pair() -> None:
    """P(U <= 2) = 4/252 < .025 < P(U <= 3) = 7/252, as tables of the rank sum have it."""
    base, new = [1.0, 1.1, 1.2, 1.3, 1.4], [2.0, 2.2, 2.5, 2.9, 3.1]
    pairs = sorted(later / earlier for later in new for earlier in base)
    assert shift_of_logs(base, new) == pytest.approx((pairs[12], pairs[2], pairs[22]))


def test_three_rounds_have_no_interval() -> None:
    assert shift_of_logs([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])[1:] == (None, None)


def test_holms_steps_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_half_as_much_again_fails_and_says_where() -> None:
    found = compare_benches(bench([1.0, 1.01, 0.99, 1.02, 0.98]), bench([1.5, 1.51, 1.49, 1.52, 1.48]), 0.05)
    assert found.verdict == "FAIL"
    assert found.comparisons[0].ratio == pytest.approx(1.5, rel=0.02)
    assert found.reasons == ("0.gif preview_mp4 local-machine: 1.500 times the CPU-seconds",)


def test_dearer_with_too_few_rounds_is_inconclusive() -> None:
    found = compare_benches(bench([1.0, 1.01]), bench([1.5, 1.51]), 0.05)
    assert found.verdict == "INCONCLUSIVE"
    assert "2 and 2 rounds cannot tell" in found.reasons[0]


def test_no_change_is_rarely_called_a_regression() -> None:
    """At most 5 % by construction; with a threshold on top far less. 400 comparisons of six cells."""
    generator = np.random.default_rng(5)
    alarms = 0
    for _ in range(400):
        rounds = generator.lognormal(0, 0.02, (2, 6, 5)).tolist()
        alarms += compare_benches(bench(*rounds[0]), bench(*rounds[1]), 0.0).verdict == "FAIL"
    assert alarms <= 33  # 20 expected at most, and three standard deviations


def test_a_tenth_more_is_found_above_the_noise() -> None:
    generator = np.random.default_rng(6)
    found = 0
    for _ in range(100):
        base, new = generator.lognormal(0, 0.01, (2, 5)).tolist()
        found += compare_benches(bench(base), bench([1.1 * value for value in new]), 0.05).verdict == "FAIL"
    assert found >= 95


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ffmpeg": {**FFMPEG, "sha256": "cd" * 32}}, "ffmpeg sha256"),
        ({"machine": {**MACHINE, "cpu_model": "Xeon"}}, "machine cpu_model"),
        ({"machine": {**MACHINE, "cores": 4}}, "machine cores"),
        ({"machine": {}}, "machine cpu_model"),
        ({"media_class": None, "rendition": "webp"}, "no measured cell in common"),
        ({"provenance": "imported"}, "no measured cell in common"),
    ],
)
def test_unlike_benches_are_refused_by_what_differs(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(TidegaugeError, match=words):
        compare_benches(bench([1.0] * 5), bench([1.0] * 5, **changes), 0.05)
