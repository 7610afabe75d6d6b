"""Another machine's bench joins ours, labelled; what is hostile, unlike or there twice is refused."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from benches.transcode.cells import empty_cell
from tests.analysis.bench_documents import cell, curve, profile
from tidegauge.analysis.transcode.document import read_bench
from tidegauge.analysis.transcode.imports import ImportedCell, check_import, with_import
from tidegauge.errors import TidegaugeError

GPU = "ec2-gpu-g6.xlarge"
POINTS = [(400_000, 88.0, 1.0), (500_000, 91.0, 1.1), (700_000, 94.0, 1.3), (900_000, 96.0, 1.5)]


def document(*cells: dict[str, Any], sha256: str = "ab", **more: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "cells": list(cells),
        "curves": [],
        "profiles": [],
        "imports": [],
        "ffmpeg": {"version": "9.0.2", "sha256": sha256},
        "machine": {"cpu_model": "EPYC", "cores": 2},
    } | more


def measured(name: str, wall_s: float = 2.0, **more: Any) -> dict[str, Any]:
    return cell(name, wall_s, None, provenance="measured", rss_peak_mb=60.0, rounds=5) | more


OURS = document(measured("local-machine"), cell(GPU, None, None, reason="no NVIDIA driver is here"))
THEIRS = document(
    measured(GPU, 0.2, encoder="h264_nvenc"),
    profiles=[profile(GPU, "0.9", kind="ec2-gpu", gpu="L4")],
    machine={"cpu_model": "Xeon", "cores": 4},
)


def test_an_imported_figure_takes_the_place_of_our_skipped_cell() -> None:
    joined = with_import(OURS, THEIRS, "gpu.json")
    assert [(each["profile"], each["provenance"]) for each in joined["cells"]] == [
        ("local-machine", "measured"),
        (GPU, "imported"),
    ]
    found = joined["cells"][1]
    assert (found["wall_s"], found["imported_from"]) == (0.2, "gpu.json")
    assert found["reason"] == "measured elsewhere, imported from gpu.json"
    assert joined["imports"] == [
        {
            "file": "gpu.json",
            "machine": {"cpu_model": "Xeon", "cores": 4},
            "ffmpeg": {"version": "9.0.2", "sha256": "ab"},
            "same_ffmpeg": True,
            "cells": 1,
            "curves": 0,
            "left_out": 0,
        }
    ]
    assert [row["name"] for row in joined["profiles"]] == [GPU]


def test_what_reads_benches_knows_whose_figure_it_is() -> None:
    bench = read_bench(with_import(OURS, THEIRS, "gpu.json"), "joined")
    assert [each.machine for each in bench.cells] == ["EPYC, 2 cores", "Xeon, 4 cores"]


def test_our_document_is_left_as_it_was() -> None:
    before = copy.deepcopy(OURS)
    with_import(OURS, THEIRS, "gpu.json")
    assert before == OURS


def test_a_figure_of_another_ffmpeg_build_says_so() -> None:
    joined = with_import(OURS, {**THEIRS, "ffmpeg": {"sha256": "cd"}}, "gpu.json")
    assert joined["imports"][0]["same_ffmpeg"] is False
    assert joined["cells"][1]["same_ffmpeg"] is False
    assert "another ffmpeg build: not to be compared with ours" in joined["cells"][1]["reason"]


def test_another_local_machine_gets_a_name_of_its_own() -> None:
    joined = with_import(OURS, document(measured("local-machine", 1.0)), "build-box.json")
    assert joined["cells"][-1]["profile"] == "local-machine@build-box"


def test_what_was_skipped_or_imported_there_is_left_out_and_counted() -> None:
    theirs = document(measured(GPU), cell("a", None, None), measured("b") | {"provenance": "imported"})
    joined = with_import(OURS, theirs, "gpu.json")
    assert (joined["imports"][0]["cells"], joined["imports"][0]["left_out"]) == (1, 2)


def test_curves_come_along() -> None:
    joined = with_import(OURS, {**THEIRS, "curves": [curve("p4", POINTS)]}, "gpu.json")
    (found,) = joined["curves"]
    assert (found["provenance"], found["imported_from"]) == ("imported", "gpu.json")
    assert [point["bytes_out"] for point in found["points"]] == [400_000, 500_000, 700_000, 900_000]


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        (document(measured(GPU), measured(GPU)), "a.gif preview_mp4 ec2-gpu-g6.xlarge twice"),
        (document(cell(GPU, None, None)), "nothing that was measured"),
        (document(measured(GPU, frames=121)), "a.gif of gpu.json has 121 frames, ours has 120"),
        (document(measured(GPU), schema_version=2), "schema_version"),
        ([], "the document"),
        ("<script>", "the document"),
        ({}, "schema_version"),
        (document(measured(GPU, wall_s=-1.0)), "cells.0.wall_s"),
        (document({**measured(GPU), "wall_s": "2.0"}), "cells.0.wall_s"),
        (document({**measured(GPU), "wall_s": None}), "cells.0 was measured, but has no wall_s"),
        (document(measured(GPU, bytes_out=10**30)), "cells.0.bytes_out"),
        (document(measured(GPU, media="x" * 10_000)), "cells.0.media"),
        (document(measured(GPU, vmaf_mean=101.0)), "cells.0.vmaf_mean"),
        (document(measured(GPU, provenance="guessed")), "cells.0.provenance"),
        (document(measured(GPU), machine={"cpu_model": ["a"]}), "machine.cpu_model"),
        (document(measured(GPU), ffmpeg=None), "ffmpeg"),
        (document(measured(GPU), curves=[{"media": "a.gif"}]), "curves.0"),
    ],
)
def test_a_document_that_cannot_join_is_refused_with_the_reason(theirs: Any, message: str) -> None:
    with pytest.raises(TidegaugeError) as caught:
        with_import(OURS, theirs, "gpu.json")
    assert message in caught.value.message
    assert caught.value.exit_code == 2


def test_a_figure_that_we_measured_is_not_imported_again() -> None:
    ours = document(measured(GPU))
    with pytest.raises(TidegaugeError, match="is there already, and in gpu"):
        with_import(ours, THEIRS, "gpu.json")


def test_two_imports_of_one_name_are_refused() -> None:
    once = with_import(OURS, THEIRS, "gpu.json")
    with pytest.raises(TidegaugeError, match="two imports are called gpu"):
        with_import(once, document(measured("other")), "gpu.json")


def test_every_key_of_a_bench_cell_can_be_imported() -> None:
    named = {"media": "a", "media_class": None, "rendition": "webp", "encoder": None, "preset": None}
    known = {field.name for field in dataclasses.fields(ImportedCell)}
    made_here = {"output"}  # a path on the other machine
    assert set(empty_cell(named, "p", "why")) - made_here <= known


def test_keys_that_are_not_known_do_not_come_along() -> None:
    joined = with_import(OURS, document(measured(GPU, hostile={"deep": [1]})), "gpu.json")
    assert "hostile" not in joined["cells"][1]
    assert check_import(THEIRS, "gpu.json").cells[0].profile == GPU
