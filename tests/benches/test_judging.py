"""Quality is measured once an output, and left out where nobody asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benches.transcode import judging
from benches.transcode.judging import Judge
from benches.transcode.quality import Quality

NOBODY: Any = None


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The outputs that were measured, each as 90."""
    measured: list[Path] = []

    def measure(_ffmpeg: Any, _medium: Path, output: Path, _rendition: Any, _info: Any) -> Quality:
        measured.append(output)
        return Quality(vmaf_mean=90.0, vmaf_p5=80.0, ssim=0.9, frames=3)

    monkeypatch.setattr(judging, "measure_quality", measure)
    return measured


def fields(judge: Judge, output: str, sha256: str) -> dict[str, object]:
    rendition: Any = type("Named", (), {"name": "webp"})
    return judge.fields(Path("a.gif"), rendition, Path(output), sha256, NOBODY)


def test_the_same_output_on_several_profiles_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    measured, judge = counted(monkeypatch), Judge(ffmpeg=NOBODY, wanted=True)
    assert fields(judge, "one", "ab") == fields(judge, "two", "ab")
    assert fields(judge, "three", "cd")["vmaf_mean"] == 90.0
    assert measured == [Path("one"), Path("three")]


def test_quality_that_nobody_asked_for_is_null_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    measured, judge = counted(monkeypatch), Judge(ffmpeg=NOBODY, wanted=False)
    found = fields(judge, "one", "ab")
    assert (found["vmaf_mean"], found["ssim"]) == (None, None)
    assert found["quality_reason"] == "quality was not asked for"
    assert measured == []
