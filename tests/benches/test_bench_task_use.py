"""What a cost assumes about a task's use, and where it comes from."""

from __future__ import annotations

from fractions import Fraction

import pytest

from benches.transcode.task_use import load_task_use, terms_of
from tidegauge.errors import TidegaugeError


def test_the_seeds_task_use_gives_1111_jobs_between_two_starts() -> None:
    task_use = load_task_use({})
    assert task_use["jobs_per_task"].value == 1111  # 100,000 assets / (3 workers x 30 starts)
    assert "100,000 assets / (3 workers x 30 starts)" in task_use["jobs_per_task"].source
    assert task_use["views_per_asset"].value == 10  # 1M views / 100,000 assets


def test_every_value_has_a_source_and_assumptions_say_so() -> None:
    task_use = load_task_use({})
    assert all(assumed.source for assumed in task_use.values())
    assert "assumption" in task_use["starts_per_worker"].source


def test_a_given_value_takes_the_place_of_the_files() -> None:
    task_use = load_task_use({"jobs_per_task": Fraction(1), "cold_start_s": Fraction(23)})
    assert terms_of(task_use).jobs_per_task == 1
    assert terms_of(task_use).cold_start_s == 23
    assert task_use["cold_start_s"].document() == {"value": 23, "source": "as asked for on the command line"}


def test_a_task_use_without_sense_is_refused() -> None:
    with pytest.raises(TidegaugeError, match="utilisation"):
        terms_of(load_task_use({"utilisation": Fraction(3)}))
