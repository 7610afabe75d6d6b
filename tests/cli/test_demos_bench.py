"""The transcode bench at the end of a demo: an extra, which may fail or be interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegauge.cli import demo
from tidegauge.conduct.children import Answer
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.store import RunFolder


@pytest.mark.parametrize(
    ("came", "goes_on"),
    [
        (Answer(document={"cells": []}, exit_code=ExitCode.PASS), True),
        (Answer(document={"cells": []}, exit_code=ExitCode.USAGE), True),
        (TidegaugeError("no ffmpeg"), True),
        (Answer(document={"cells": []}, exit_code=ExitCode.INTERRUPTED), False),
        (TidegaugeError("the bench was interrupted", exit_code=ExitCode.INTERRUPTED), False),
        (KeyboardInterrupt(), False),
    ],
    ids=["measured", "skipped", "failed", "interrupted", "interrupted before a cell", "interrupted at once"],
)
def test_only_an_interrupt_of_the_bench_is_one_of_the_demo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, came: Answer | BaseException, goes_on: bool
) -> None:
    def bench(**_: object) -> Answer:
        if isinstance(came, BaseException):
            raise came
        return came

    monkeypatch.setattr(demo, "run_bench", bench)
    assert demo._bench(RunFolder(tmp_path)) is goes_on
