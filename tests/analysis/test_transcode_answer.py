"""What a bench answers: fronts, recommendations and savings, by hand; and what it refuses to say."""

from __future__ import annotations

import json
from typing import Any

import bench_documents as documents
import pytest

from tidegauge.analysis.transcode.answer import answer
from tidegauge.analysis.transcode.document import join, read_bench
from tidegauge.errors import TidegaugeError

SMALL, MIDDLE, LARGE = "fargate-x86-0.5vcpu-1gb", "fargate-x86-1vcpu-2gb", documents.SEED_WORKER


def compared(**more: Any) -> dict[str, Any]:
    """One medium on three sizes: the middle one is the cheapest, the smallest one beaten in both."""
    cells = [
        documents.cell(SMALL, 8.0, "0.00006"),
        documents.cell(MIDDLE, 3.0, "0.00004"),
        documents.cell(LARGE, 2.0, "0.00005"),
    ]
    return answer(documents.bench(*cells, **more))


def on_front(front: dict[str, Any]) -> set[str]:
    return {point["profile"] for point in front["points"] if point["on_front"]}


def test_the_front_holds_what_no_other_profile_beats_in_time_and_cost() -> None:
    (front,) = compared()["fronts"]
    assert on_front(front) == {MIDDLE, LARGE}
    assert [point["wall_s"] for point in front["points"]] == [2.0, 3.0, 8.0]
    assert {point["provenance"] for point in front["points"]} == {"emulated"}


def test_equal_points_are_both_on_the_front() -> None:
    twins = [documents.cell(name, 2.0, "0.00005") for name in (SMALL, MIDDLE)]
    (front,) = answer(documents.bench(*twins))["fronts"]
    assert on_front(front) == {SMALL, MIDDLE}


def test_spot_does_not_push_on_demand_off_the_front() -> None:
    spot = documents.profile(f"{LARGE}-spot", "0.03", capacity="spot")
    cells = [documents.cell(LARGE, 2.0, "0.00005"), documents.cell(f"{LARGE}-spot", 2.0, "0.00002")]
    found = answer(documents.bench(*cells, profiles=[documents.SEED_PROFILE, spot]))
    assert on_front(found["fronts"][0]) == {LARGE, f"{LARGE}-spot"}
    assert found["profiles"][0]["profile"] is None  # one size on demand is no comparison


@pytest.mark.parametrize(
    "other",
    [
        {"ffmpeg": {"version": "9.0.2", "sha256": "cd" * 32}},
        {"machine": {"cpu_model": "Xeon", "cores": 2}},
    ],
)
def test_unlike_ffmpegs_and_machines_never_share_a_front(other: dict[str, Any]) -> None:
    one = documents.bench(documents.cell(MIDDLE, 3.0, "0.00004"))
    two = documents.bench(documents.cell(LARGE, 2.0, "0.00005"), **other)
    found = answer(join([one, two]))
    assert len({front["group"] for front in found["fronts"]}) == 2
    assert [len(front["points"]) for front in found["fronts"]] == [1, 1]
    assert found["profiles"][0]["profile"] is None


def test_the_recommended_profile_is_the_cheapest_and_its_saving_is_a_month_s() -> None:
    found = compared()
    (advice,) = found["profiles"]
    assert advice["profile"] == MIDDLE
    # ($0.00005 - $0.00004) x 100,000 assets
    assert float(advice["saving_usd_per_month"]) == pytest.approx(1.0)
    assert "saves $1.00 a month (20 %) at 100,000 assets" in advice["sentence"]
    # 900 task-hours x $0.09874; 2.0 s x 100,000 / 3,600 = 55.6 h
    assert "900 task-hours a month cost $88.87" in found["headline"]
    assert "would fill 56 of them" in found["headline"]


def test_media_that_a_profile_lacks_keep_it_out_of_the_mean() -> None:
    cells = [
        documents.cell(MIDDLE, 3.0, "0.00004"),
        documents.cell(LARGE, 2.0, "0.00005"),
        documents.cell(SMALL, 1.0, "0.00001"),
        documents.cell(MIDDLE, 5.0, "0.00008", media="b.gif"),
        documents.cell(LARGE, 4.0, "0.00009", media="b.gif"),
    ]
    (advice,) = answer(documents.bench(*cells))["profiles"]
    assert (advice["profile"], advice["compared"], advice["media"]) == (MIDDLE, 2, 2)
    assert float(advice["cost_usd_per_asset"]) == pytest.approx(0.00006)


def test_profiles_that_the_rounds_do_not_tell_apart_are_named() -> None:
    cells = [
        documents.cell(MIDDLE, 3.0, "0.00004", wall_s_low=2.9, wall_s_high=3.9),
        documents.cell(LARGE, 2.0, "0.00005", wall_s_low=1.9, wall_s_high=2.1),
    ]
    (advice,) = answer(documents.bench(*cells))["profiles"]
    assert advice["tied_with"] == [LARGE]  # .00004 x 3.9 / 3 = .000052 against .00005 x 1.9 / 2 = .0000475
    assert "do not tell it from" in advice["sentence"]


def test_where_only_this_machine_was_measured_nothing_is_recommended() -> None:
    local = documents.cell("local-machine", 1.0, None, provenance="measured", cost=None)
    found = answer(documents.bench(local))
    assert found["headline"] == "Only this machine was measured: no profile can be recommended."
    assert found["profiles"][0]["sentence"].startswith("preview_mp4: only this machine was measured")


def test_skipped_cells_are_counted_by_reason() -> None:
    skipped = [documents.cell(name, None, None, reason="2 cores") for name in ("a", "b")]
    found = answer(documents.bench(documents.cell(LARGE, 2.0, "0.00005"), *skipped))
    assert found["skipped"] == [{"reason": "2 cores", "cells": 2}]
    assert len(found["fronts"]) == 1


FAST = [(400_000, 80.0, 1.0), (800_000, 87.0, 1.1), (1_600_000, 93.0, 1.2), (3_200_000, 97.0, 1.4)]
SLOW = [(int(size / 2), vmaf, cpu_s * 3) for size, vmaf, cpu_s in FAST]


def test_a_preset_is_chosen_by_making_and_delivering_at_equal_quality() -> None:
    curves = [documents.curve("veryfast", FAST), documents.curve("slow", SLOW)]
    found = answer(documents.bench(documents.cell(LARGE, 2.0, "0.00005"), curves=curves))
    fast, slow = found["curves"]
    assert (fast["is_anchor"], slow["bd_rate"]["percent"]) == (True, pytest.approx(-50))
    assert slow["matched"]["bytes_out"] == pytest.approx(800_000)
    assert slow["matched"]["cpu_s"] == pytest.approx(3.6)
    # $0.09874 / 2 vCPU / 3,600 a CPU-second; $0.001 / 1,000,000 a byte with its ten views
    assert slow["matched"]["compute_usd"] == pytest.approx(3.6 * 0.09874 / 7200)
    assert slow["matched"]["egress_usd"] == pytest.approx(0.0008)
    (preset,) = found["presets"]
    assert preset["encoding"] == "libx264 slow"
    saved = (1.2 - 3.6) * 0.09874 / 7200 + 0.0016 - 0.0008
    assert preset["saving_usd_per_month"] == pytest.approx(saved * 100_000)


def test_a_curve_that_never_reaches_the_target_has_no_cost_there() -> None:
    curves = [documents.curve("veryfast", FAST), documents.curve("slow", SLOW)]
    found = answer(documents.bench(documents.cell(LARGE, 2.0, "0.00005"), curves=curves), target_vmaf=97.5)
    assert found["curves"][0]["matched"]["reason"] == (
        "VMAF 97.5 is outside the curve's 80.0 to 97.0: not extrapolated"
    )
    assert found["presets"][0]["encoding"] is None


def test_a_curve_of_another_ffmpeg_is_not_held_against_the_anchor() -> None:
    here = documents.bench(documents.cell(LARGE, 2.0, "0.00005"), curves=[documents.curve("veryfast", FAST)])
    there = documents.bench(curves=[documents.curve("slow", SLOW)], ffmpeg={"version": "5.1.9"})
    _, other = answer(join([here, there]))["curves"]
    assert other["bd_rate"]["percent"] is None
    assert "another ffmpeg" in other["bd_rate"]["reason"]


def test_the_answer_is_plain_json() -> None:
    curves = [documents.curve("veryfast", FAST), documents.curve("slow", SLOW)]
    json.dumps(compared(curves=curves), allow_nan=False)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "bench.json is not a transcode bench document"),
        ({"cells": [{"media": "a"}]}, "cells.0.rendition"),
        ({"schema_version": 2, "cells": []}, "schema_version"),
        ({"cells": [documents.cell(LARGE, -1.0, "0.1")]}, "cells.0.wall_s"),
        ({"cells": [documents.cell(LARGE, 1.0, "NaN")]}, "cells.0.cost_usd_per_asset"),
    ],
)
def test_what_is_not_a_bench_is_refused_with_the_place(document: object, message: str) -> None:
    with pytest.raises(TidegaugeError) as refused:
        read_bench(document, "bench.json")
    assert message in refused.value.message


def test_a_document_of_an_older_version_keeps_its_task_use() -> None:
    old = {"cells": [documents.cell(LARGE, 2.0, "0.00005")], "scenario": documents.TASK_USE}
    assert answer(read_bench(old, "bench.json"))["seed"]["assets_per_month"] == "100000"
