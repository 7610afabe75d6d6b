"""Documents of several tasks become one: medians over tasks, reasons for those that failed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.analysis.bench_documents import cell
from tidegauge.analysis.transcode.document import read_bench
from tidegauge.analysis.transcode.tasks import TaskOutcome, join_tasks
from tidegauge.errors import TidegaugeError

SIZE, OTHER = "fargate-x86-1vcpu-2gb", "fargate-x86-2vcpu-4gb"


def document(
    profile: str, wall_s: float | None, cpu_model: str = "EPYC", sha256: str = "ab"
) -> dict[str, Any]:
    """What one task of `profile` printed."""
    how = {"provenance": "measured", "rss_peak_mb": 50 + (wall_s or 0), "rounds": 3, "unstable": False}
    if wall_s is None:
        how |= {"provenance": "skipped", "reason": "no memory"}
    measured = cell(profile, wall_s, "0.001", **how)
    return {
        "schema_version": 1,
        "cells": [measured],
        "curves": [],
        "profiles": [{"name": profile, "kind": "fargate"}],
        "assumptions": ["one"],
        "imports": [],
        "interrupted": False,
        "ffmpeg": {"sha256": sha256},
        "machine": {"cpu_model": cpu_model, "cores": 2},
    }


def task(profile: str, made: dict[str, Any] | None, failure: str | None = None) -> TaskOutcome:
    return TaskOutcome(profile=profile, task="id", document=made, failure=failure)


def joined(*outcomes: TaskOutcome) -> Any:
    return join_tasks(outcomes, ["a.gif"], ["preview_mp4"])


def test_a_figure_is_that_of_the_task_in_the_middle() -> None:
    models = {2.0: "Xeon", 1.0: "EPYC", 4.0: "EPYC"}
    made = joined(*(task(SIZE, document(SIZE, wall_s, model)) for wall_s, model in models.items()))
    (found,) = made["cells"]
    assert (found["wall_s_low"], found["wall_s"], found["wall_s_high"]) == (1, 2, 4)
    assert found["cpu_s_rounds"] == found["wall_s_rounds"] == [1, 2, 4]
    assert found["processors"] == ["EPYC", "Xeon", "EPYC"]
    assert (found["rounds"], found["rounds_per_task"], found["rss_peak_mb"]) == (3, 3, 54)
    assert found["wall_s_confidence"] == 0.75  # three fair coins are not all alike
    assert found["provenance"] == "measured"
    assert made["machine"] == {"cpu_model": "EPYC; Xeon", "cores": 2}
    assert [row["cpu_model"] for row in made["tasks"]] == ["Xeon", "EPYC", "EPYC"]


def test_of_two_tasks_the_slower_one_stands_for_both() -> None:
    (found,) = joined(task(SIZE, document(SIZE, 1.0)), task(SIZE, document(SIZE, 3.0)))["cells"]
    assert found["wall_s"] == 3


def test_the_joined_document_is_a_bench_like_any_other() -> None:
    made = joined(task(SIZE, document(SIZE, 1.0)), task(OTHER, document(OTHER, 0.5)))
    bench = read_bench(made, "joined")
    assert [(each.profile, each.wall_s) for each in bench.cells] == [(SIZE, 1.0), (OTHER, 0.5)]
    assert [each.name for each in bench.profiles] == [SIZE, OTHER]


def test_a_size_whose_tasks_all_failed_is_skipped_with_their_reason() -> None:
    made = joined(
        task(SIZE, document(SIZE, 1.0)),
        task(OTHER, None, "Capacity is unavailable"),
        task(OTHER, None, "Spot"),
    )
    skipped = made["cells"][1]
    assert (skipped["provenance"], skipped["wall_s"]) == ("skipped", None)
    assert skipped["reason"] == "Capacity is unavailable; Spot"


def test_a_cell_that_no_task_could_measure_keeps_its_own_reason() -> None:
    made = joined(task(SIZE, document(SIZE, None)), task(OTHER, document(OTHER, 1.0)))
    assert made["cells"][0]["reason"] == "no memory"


def test_one_failed_task_takes_nothing_from_the_others() -> None:
    made = joined(task(SIZE, document(SIZE, 1.0)), task(SIZE, None, "Spot took it"))
    assert made["cells"][0]["rounds"] == 1
    assert [row["reason"] for row in made["tasks"]] == [None, "Spot took it"]


def test_no_document_at_all_is_an_error_with_the_reasons() -> None:
    with pytest.raises(TidegaugeError, match="CannotPullContainerError"):
        joined(task(SIZE, None, "CannotPullContainerError"))


def test_tasks_of_different_ffmpeg_builds_are_refused() -> None:
    with pytest.raises(TidegaugeError, match="2 different ffmpeg builds"):
        joined(task(SIZE, document(SIZE, 1.0)), task(SIZE, document(SIZE, 1.0, sha256="cd")))
