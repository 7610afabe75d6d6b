"""What a terminal gets."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.support.served import ROOT


@pytest.mark.parametrize(("no_color", "escapes"), [("1", False), ("", True)])
def test_no_color_leaves_every_escape_sequence_out_of_an_error(no_color: str, escapes: bool) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "tidegauge", "report", "no-such-run"]
    done = subprocess.run(command, cwd=ROOT, env=environment, stderr=theirs, timeout=60, check=False)
    os.close(theirs)
    words = os.read(ours, 4096)
    os.close(ours)
    assert done.returncode == 2
    assert b"no-such-run is not a run folder" in words
    assert (b"\x1b[" in words) is escapes


def test_control_characters_of_a_path_never_reach_the_terminal() -> None:
    command = [sys.executable, "-m", "tidegauge", "report", "\x1b]0;owned\x07run"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert b"?]0;owned?run" in done.stderr
    assert b"\x1b" not in done.stderr
