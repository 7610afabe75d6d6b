"""The benches run in a process of their own; this one shows how far they are, and passes Ctrl-C on."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tidegauge.cli.output import people, printable, say
from tidegauge.conduct.children import die_with_parent
from tidegauge.conduct.signals import interrupts_as_bytes
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.house import HOUSE, environment

_CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a bench said, and how it ended."""

    document: Any
    exit_code: ExitCode  # 0, 2 (nothing could be measured) or 130


def call_benches(verb: str, arguments: Sequence[str]) -> Ended:
    """`python -m benches.transcode VERB`; its error document becomes a TidegaugeError."""
    with CellProgress() as shown:
        out, code = _run([verb, *arguments], shown)
    try:
        document = json.loads(out)
    except ValueError:
        raise TidegaugeError(
            f"the bench ended with exit code {code}", "see the lines above; is the extra `local` installed?"
        ) from None
    if "error" in document:
        error = document["error"]
        raise TidegaugeError(error["message"], error["hint"], ExitCode(error["exit_code"]))
    return Ended(document=document, exit_code=ExitCode(code))


class CellProgress:
    """A line a finished cell; on a terminal a bar with the time left below them."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("transcode bench"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=people,
            transient=True,
            disable=not people.is_terminal,
        )
        self._task = self._bar.add_task("cells", total=None, left="", visible=False)

    def __enter__(self) -> CellProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def take(self, event: Any) -> None:
        """One JSON line of the bench."""
        left = "" if event["left_s"] is None else f"about {_minutes(event['left_s'])} left"
        self._bar.update(self._task, total=event["steps"], completed=event["done"], left=left, visible=True)
        if event["line"] is not None:
            shown = printable(event["line"])
            people.print(f"\\[{event['done']}/{event['steps']}] ", end="")
            say(shown)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _run(arguments: Sequence[str], shown: CellProgress) -> tuple[bytes, int]:
    """The child's stdout and exit code. It is in a session of its own: a Ctrl-C comes from here, once."""
    events_read, events_write = os.pipe()
    with interrupts_as_bytes() as interrupts, os.fdopen(events_read, "rb", 0) as events:
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", "benches.transcode", "--events-fd", str(events_write), *arguments],
                cwd=HOUSE,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                preexec_fn=die_with_parent,
                pass_fds=(events_write,),
                start_new_session=True,
            )
        finally:
            os.close(events_write)
        with child:
            out = _follow(child, events.fileno(), interrupts, shown)
        return out, child.returncode


def _follow(child: subprocess.Popen[bytes], events: int, interrupts: int, shown: CellProgress) -> bytes:
    assert child.stdout is not None
    out, pending = b"", b""
    with selectors.DefaultSelector() as selector:
        for source in (child.stdout.fileno(), events, interrupts):
            selector.register(source, selectors.EVENT_READ)
        while len(selector.get_map()) > 1:  # the interrupts' end stays open
            for key, _ in selector.select():
                chunk = os.read(key.fd, _CHUNK)
                if key.fd == interrupts:
                    with suppress(ProcessLookupError):
                        child.send_signal(signal.SIGINT)
                elif not chunk:
                    selector.unregister(key.fd)
                elif key.fd == events:
                    *lines, pending = (pending + chunk).split(b"\n")
                    for line in lines:
                        shown.take(json.loads(line))
                else:
                    out += chunk
    return out
