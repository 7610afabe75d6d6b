"""BD-rate and figures at a given quality, against published values, another program and closed forms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.analysis.transcode.rate_quality import at_quality, bd_rate

LINE = [(100.0, 80.0), (200.0, 86.0), (400.0, 92.0), (800.0, 98.0)]  # 6 points of VMAF a doubling

# Rates, qualities and the expected BD-rate: the first two are JCT-VC curves with the results of its Excel
# sheet, as Netflix's vmaf tests quote them; the third was made up and given to the PyPI package
# bjontegaard 1.3.0 (method='pchip').
REFERENCES = [
    (
        [(108048.8736, 43.6471), (61279.976, 40.3953), (33905.6656, 37.247), (18883.6928, 34.2911)],
        [(108061.2784, 43.6768), (61299.9936, 40.4232), (33928.7472, 37.2761), (18910.912, 34.3147)],
        -0.465215420752807,
    ),
    (
        [(40433.8848, 37.5761), (7622.7456, 35.3756), (2394.488, 33.8977), (1017.6184, 32.0603)],
        [(40370.12, 37.5982), (7587.0024, 35.4025), (2390.0944, 33.9194), (1017.0984, 32.0822)],
        -1.8779823450567612,
    ),
    (
        [(300000, 70.2), (610000, 84.9), (1250000, 93.1), (2400000, 97.0)],
        [(260000, 72.9), (480000, 83.5), (900000, 92.2), (1900000, 96.1)],
        -16.07288285473767,
    ),
]


@pytest.mark.parametrize(("anchor", "test", "percent"), REFERENCES)
def test_bd_rate_equals_what_others_publish(
    anchor: list[tuple[float, float]], test: list[tuple[float, float]], percent: float
) -> None:
    assert bd_rate(anchor, test).percent == pytest.approx(percent, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 20))
def test_a_curve_whose_every_rate_is_some_factor_of_the_anchor_s_has_that_factor(factor: float) -> None:
    shifted = [(rate * factor, vmaf) for rate, vmaf in LINE]
    assert bd_rate(LINE, shifted).percent == pytest.approx((factor - 1) * 100, rel=1e-9, abs=1e-9)


def test_the_overlap_is_reported_and_only_it_counts() -> None:
    found = bd_rate(LINE, [(150.0, 84.0), (300.0, 90.0), (600.0, 96.0), (1200.0, 102.0)])
    assert (found.vmaf_low, found.vmaf_high) == (84.0, 98.0)
    # Both are straight lines of 6 VMAF a doubling; at 84 the anchor takes 100 x 2^(4/6) bytes, this one 150.
    assert found.percent == pytest.approx((150 / (100 * 2 ** (4 / 6)) - 1) * 100)


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        (LINE[:3], "the curve has 3 of 4 points"),
        ([(10, 10.0), (20, 20.0), (30, 30.0), (40, 40.0)], "the curves share no range of quality"),
        ([(100, 80.0), (200, 86.0), (400, 85.0), (800, 98.0)], "the curve is not monotone"),
        ([(100, 80.0), (100, 86.0), (400, 90.0), (800, 98.0)], "the curve is not monotone"),
    ],
)
def test_what_is_no_comparison_has_its_reason_and_no_figure(
    test: list[tuple[float, float]], reason: str
) -> None:
    found = bd_rate(LINE, test)
    assert found.percent is None
    assert reason in str(found.reason)


def test_between_the_points_of_a_log_line_a_value_lies_on_the_line() -> None:
    assert at_quality(LINE, 89.0) == pytest.approx(200 * math.sqrt(2))
    assert at_quality(LINE, 92.0) == pytest.approx(400)


@pytest.mark.parametrize("target", [79.99, 98.01])
def test_beyond_the_points_nothing_is_extrapolated(target: float) -> None:
    assert at_quality(LINE, target) is None
