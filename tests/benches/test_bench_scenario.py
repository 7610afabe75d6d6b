"""What a cost assumes about a task's use, and where it comes from."""

from __future__ import annotations

from fractions import Fraction

import pytest

from benches.transcode.task_use import load_scenario, terms_of
from tidegauge.errors import TidegaugeError


def test_the_seeds_scenario_gives_1111_jobs_between_two_starts() -> None:
    scenario = load_scenario({})
    assert scenario["jobs_per_task"].value == 1111  # 100,000 assets / (3 workers x 30 starts)
    assert "100,000 assets / (3 workers x 30 starts)" in scenario["jobs_per_task"].source
    assert scenario["views_per_asset"].value == 10  # 1M views / 100,000 assets


def test_every_value_has_a_source_and_assumptions_say_so() -> None:
    scenario = load_scenario({})
    assert all(assumed.source for assumed in scenario.values())
    assert "assumption" in scenario["starts_per_worker"].source


def test_a_given_value_takes_the_place_of_the_scenarios() -> None:
    scenario = load_scenario({"jobs_per_task": Fraction(1), "cold_start_s": Fraction(23)})
    assert terms_of(scenario).jobs_per_task == 1
    assert terms_of(scenario).cold_start_s == 23
    assert scenario["cold_start_s"].document() == {"value": 23, "source": "as asked for on the command line"}


def test_a_scenario_without_sense_is_refused() -> None:
    with pytest.raises(TidegaugeError, match="utilisation"):
        terms_of(load_scenario({"utilisation": Fraction(3)}))
