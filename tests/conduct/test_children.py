"""Children that answer in JSON."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from tidegauge.conduct.children import call_json
from tidegauge.errors import ExitCode, TidegaugeError

CHILD = "tests.support.answering_child"


def test_the_document_and_the_exit_code_come_back() -> None:
    answer = call_json(CHILD, ["answers"])
    assert (answer.document, answer.exit_code) == ({"stdin": ""}, ExitCode.PASS)


def test_what_is_given_as_standard_input_reaches_the_child() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"hello")
    os.close(write_end)
    try:
        assert call_json(CHILD, ["answers"], stdin=read_end).document == {"stdin": "hello"}
    finally:
        os.close(read_end)


def test_an_error_document_becomes_the_same_error_here() -> None:
    with pytest.raises(TidegaugeError) as raised:
        call_json(CHILD, ["refuses"])
    error = raised.value
    assert (error.message, error.hint, error.exit_code) == ("no ffmpeg", "install it", ExitCode.REFUSED)


@pytest.mark.parametrize(
    ("how", "code"), [("babbles", 1), ("is_silent", 0), ("unknown", 1), ("lists", 0), ("ends_oddly", 77)]
)
def test_a_child_without_an_answer_is_an_error_that_names_it(how: str, code: int) -> None:
    with pytest.raises(TidegaugeError, match=f"{CHILD} ended with exit code {code} and without an answer"):
        call_json(CHILD, [how])


def test_an_answer_larger_than_a_pipe_arrives_whole() -> None:
    assert len(call_json(CHILD, ["floods"]).document["text"]) == 1_000_000


def test_events_arrive_in_their_order() -> None:
    events: list[object] = []
    assert call_json(CHILD, ["tells"], on_event=events.append).document == {"done": True}
    assert events == [{"step": 1}, {"step": 2}]


def interrupt_after(seconds: float) -> None:
    def interrupt() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()


def test_an_interrupt_reaches_the_child_once_and_its_answer_is_kept() -> None:
    interrupt_after(1.5)  # by then the child has its handler
    answer = call_json(CHILD, ["waits"])
    assert (answer.document, answer.exit_code) == ({"interrupts": 1}, ExitCode.INTERRUPTED)


def test_an_interrupt_that_ends_the_child_without_an_answer_is_an_interrupt_here() -> None:
    interrupt_after(0.5)
    with pytest.raises(KeyboardInterrupt):
        call_json(CHILD, ["ends_when_interrupted"])
