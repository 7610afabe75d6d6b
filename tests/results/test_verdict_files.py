"""What a CI system reads of a verdict: junit.xml and summary.md."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from tests.support.whole_run import whole_run
from tidegauge.results.junit import junit_xml
from tidegauge.results.markdown import summary_markdown
from tidegauge.summary import JudgedObjective, State, Summary

NOTHING_ELSE = "The plan states no objectives: nothing else was judged."


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """A run that ended by itself and passed."""
    summary = whole_run(tmp_path_factory.mktemp("whole") / "made").read_summary()
    rows = tuple(replace(row, state="holds") for row in summary.objectives)
    return replace(summary, verdict="PASS", reasons=(), interrupted=False, stopped_by=None, objectives=rows)


def default(row: JudgedObjective, state: State) -> JudgedObjective:
    return replace(row, target="sessions", objective="error_ratio", default=True, state=state)


def suite_of(summary: Summary) -> ET.Element:
    return ET.fromstring(junit_xml(summary))  # noqa: S314 - our own text


def counts(summary: Summary) -> tuple[int, int, int]:
    """How many failed, were errors, and were skipped."""
    suite = suite_of(summary)
    assert suite.get("tests") == str(1 + len(summary.objectives))
    return int(suite.get("failures", -1)), int(suite.get("errors", -1)), int(suite.get("skipped", -1))


def test_a_run_that_passed_is_green(sound: Summary) -> None:
    assert counts(sound) == (0, 0, 0)


def test_a_pass_without_objectives_says_in_each_file_that_nothing_else_was_judged(sound: Summary) -> None:
    rows = (default(sound.objectives[0], "inconclusive"),)
    passed = replace(sound, reasons=(NOTHING_ELSE,), objectives=rows)
    assert counts(passed) == (0, 0, 0)
    assert suite_of(passed).findtext("testcase[@name='validity']/system-out") == NOTHING_ELSE
    assert NOTHING_ELSE in summary_markdown(passed)


def test_a_broken_default_objective_is_a_failure(sound: Summary) -> None:
    failed = replace(sound, verdict="FAIL", objectives=(default(sound.objectives[0], "broken"),))
    assert counts(failed) == (1, 0, 0)


def test_a_run_that_was_interrupted_is_skipped_though_each_objective_holds(sound: Summary) -> None:
    assert counts(replace(sound, verdict="INCONCLUSIVE", interrupted=True)) == (0, 0, 1)


def test_a_window_without_a_request_is_skipped(sound: Summary) -> None:
    empty = replace(sound, verdict="INCONCLUSIVE", total=replace(sound.total, count=0))
    assert counts(empty) == (0, 0, 1)


def test_an_invalid_run_is_an_error_with_its_reasons(sound: Summary) -> None:
    invalid = replace(sound, verdict="INVALID", reasons=("late.", "lost."))
    assert counts(invalid) == (0, 1, 0)
    error = suite_of(invalid).find("testcase[@name='validity']/error")
    assert error is not None
    assert error.get("message") == "late. lost."
