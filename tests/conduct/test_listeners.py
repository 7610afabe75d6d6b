"""A run that is conducted without a terminal, as a search or a drill does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import good_after, http_server, write_plan, write_stack
from tidegauge.conduct.figures import Figures
from tidegauge.conduct.fleet import Fleet
from tidegauge.conduct.flows import load_plan_and_flows
from tidegauge.conduct.listener import Listener, Silence
from tidegauge.conduct.preflight import prepare
from tidegauge.conduct.stages import carry_out
from tidegauge.errors import TidegaugeError
from tidegauge.results.measure import Measured
from tidegauge.stack import load_stack


class Diary:
    """A listener that writes down what it is told."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.kinds: list[str] = []
        self.figures: Figures | None = None
        self.ends = 0

    def say(self, text: str) -> None:
        self.sentences.append(text)

    def begin(self, figures: Figures) -> None:
        self.figures = figures

    def hear(self, event: Mapping[str, Any]) -> None:
        self.kinds.append(str(event["event"]))

    def end(self) -> None:
        self.ends += 1


def conduct(folder: Path, listener: Listener, url: str) -> Measured:
    plan_file, stack_file = write_plan(folder, rate=20, duration_s=1), write_stack(folder, url)
    plan, flows = load_plan_and_flows(plan_file)
    prepared = prepare(plan, load_stack(stack_file), stack_file, flows, folder)
    return carry_out(prepared, Fleet(), folder / "run", listener)


def test_a_run_needs_nobody_to_look_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with http_server(good_after(0)) as url:
        measured = conduct(tmp_path, Silence(), url)
    assert measured.folder.summary_json.exists()
    assert capfd.readouterr() == ("", "")


def test_a_listener_hears_the_run_and_its_end(tmp_path: Path) -> None:
    diary = Diary()
    with http_server(good_after(0)) as url:
        conduct(tmp_path, diary, url)
    assert {"started", "progress", "finished"} <= set(diary.kinds)
    assert diary.ends == 1
    assert diary.figures is not None
    assert diary.figures.sent == 20  # one a twentieth of a second, for a second


def test_a_listener_is_told_of_the_end_of_a_run_that_fails(tmp_path: Path) -> None:
    class Deaf(Diary):
        def hear(self, event: Mapping[str, Any]) -> None:
            super().hear(event)
            raise TidegaugeError("the display broke")

    diary = Deaf()
    with http_server(good_after(0)) as url, pytest.raises(TidegaugeError, match="the display broke"):
        conduct(tmp_path, diary, url)
    assert diary.ends == 1
