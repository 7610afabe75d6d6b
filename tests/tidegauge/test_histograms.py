"""Histograms against the sorted list of what they counted."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.histograms import Histogram, bucket_of, value_of, values_of

PROMISED = 0.001
QUANTILES = (0.001, 0.1, 0.5, 0.9, 0.92, 0.95, 0.99, 0.999, 0.9999, 0.99999, 1.0)

Values = st.lists(st.floats(1e-9, 1e7), min_size=1, max_size=200).map(np.array)


def counted(values_s: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Histogram:
    histogram = Histogram()
    histogram.add(values_s)
    return histogram


def test_quantiles_of_a_million_latencies_are_within_a_thousandth_of_the_sorted_list() -> None:
    values_s = np.random.default_rng(1).lognormal(mean=math.log(0.004), sigma=1.5, size=1_000_000)
    histogram, ordered = counted(values_s), np.sort(values_s)
    for q in QUANTILES:
        exact = ordered[math.ceil(round(q * 1_000_000, 6)) - 1]
        assert histogram.quantile(q) == pytest.approx(exact, rel=PROMISED)


@given(Values)
def test_every_value_lies_within_half_a_thousandth_of_its_bucket(
    values_s: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    assert np.all(np.abs(values_of(bucket_of(values_s)) - values_s) <= 0.0005 * values_s)


def test_neighbouring_values_never_swap_buckets() -> None:
    values_s = np.geomspace(1e-9, 3e7, 200_001)
    assert np.all(np.diff(bucket_of(values_s)) >= 0)


def test_what_is_below_a_nanosecond_counts_as_no_time_at_all() -> None:
    assert bucket_of(np.array([0.0, -1.0, 1e-10])).tolist() == [0, 0, 0]
    assert value_of(0) == 0.0


def test_a_missing_duration_is_an_error() -> None:
    with pytest.raises(ValueError, match="missing"):
        bucket_of(np.array([0.1, math.nan]))


@given(st.lists(Values, min_size=4, max_size=4))
def test_four_merged_parts_count_as_the_whole(
    parts: list[np.ndarray[tuple[int], np.dtype[np.float64]]],
) -> None:
    merged = Histogram()
    for part in parts:
        merged.merge(counted(part))
    assert merged == counted(np.concatenate(parts))


def test_a_quantile_is_the_value_at_the_rounded_up_rank() -> None:
    histogram = counted(np.array([1.0, 2.0, 3.0, 4.0]))
    near = [histogram.quantile(q) for q in (0.25, 0.26, 0.5, 0.75, 0.76, 1.0)]
    assert near == pytest.approx([1, 2, 2, 3, 4, 4], rel=PROMISED)


def test_a_histogram_of_nothing_has_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None


def test_the_plain_form_survives_json() -> None:
    histogram = counted(np.array([0.001, 0.001, 5.0]))
    assert Histogram.from_plain(json.loads(json.dumps(histogram.plain()))) == histogram
    assert histogram.n == 3
