"""A process runs within its limits, is measured by itself, and never outlives whoever started it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from infra_under_test.transcode import RENDITIONS, Limits, MediaInfo, TranscodeError, find_ffmpeg
from infra_under_test.transcode.errors import FfmpegFailed, TranscodeTimeout
from infra_under_test.transcode.graph import compile_argv
from infra_under_test.transcode.process import Launcher, Used, run_limited
from tests.support import hostile_media

SLEEP_AND_TELL = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"


def run(argv: Sequence[str], folder: Path, **limits: float) -> tuple[Used, list[str]]:
    """What `argv` took, and the lines that it said."""
    lines: list[str] = []
    used = run_limited(argv, folder=folder, limits=Limits(**limits), on_line=lines.append)  # type: ignore[arg-type]
    return used, lines


def python(source: str) -> list[str]:
    """The command that runs `source`."""
    return [sys.executable, "-c", source]


def becomes_true(condition: Callable[[], bool], within_s: float = 5.0) -> bool:
    """Whether `condition` holds before `within_s` is over."""
    stop_at = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > stop_at:
            return False
        time.sleep(0.02)
    return True


def test_cpu_time_is_what_the_process_itself_burnt(tmp_path: Path) -> None:
    used, _ = run(python("import time\nwhile time.process_time() < 0.5: pass"), tmp_path)
    assert 0.5 <= used.cpu_s < 0.7
    assert used.wall_s >= 0.4


def test_peak_memory_is_not_that_of_the_process_that_started_it(tmp_path: Path) -> None:
    large = bytearray(300_000_000)
    used, _ = run(["/bin/true"], tmp_path)
    assert len(large) == 300_000_000
    assert used.rss_peak_bytes < 60_000_000


def test_peak_memory_includes_what_the_process_filled(tmp_path: Path) -> None:
    used, _ = run(python("b = b'x' * 200_000_000"), tmp_path)
    assert 200_000_000 < used.rss_peak_bytes < 300_000_000


def test_every_line_arrives_whole(tmp_path: Path) -> None:
    _, lines = run(python("for i in range(20_000): print(i)"), tmp_path)
    assert lines == [str(number) for number in range(20_000)]


def test_much_said_on_stderr_does_not_block(tmp_path: Path) -> None:
    _, lines = run(
        python("import sys; [print('x' * 100, file=sys.stderr) for _ in range(50_000)]; print(1)"), tmp_path
    )
    assert lines == ["1"]


def test_a_process_that_hangs_is_killed_at_the_wall_limit(tmp_path: Path) -> None:
    with pytest.raises(TranscodeTimeout):
        run(python(SLEEP_AND_TELL), tmp_path, wall_s_max=1.0)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_process_that_spins_is_killed_at_the_cpu_limit(tmp_path: Path) -> None:
    with pytest.raises(TranscodeTimeout, match="CPU"):
        run(["/bin/sh", "-c", "while :; do :; done"], tmp_path, cpu_s_max=1)


def test_a_process_dies_with_a_killed_parent(tmp_path: Path) -> None:
    parent_source = (
        "import pathlib, sys\n"
        "from infra_under_test.transcode import Limits\n"
        "from infra_under_test.transcode.process import run_limited\n"
        f"run_limited([sys.executable, '-c', {SLEEP_AND_TELL!r}], folder=pathlib.Path({str(tmp_path)!r}),"
        " limits=Limits(), on_line=print)\n"
    )
    parent = subprocess.Popen(python(parent_source))
    told = tmp_path / "pid"
    assert becomes_true(lambda: told.exists() and bool(told.read_text()), within_s=20)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert becomes_true(lambda: not psutil.pid_exists(int(told.read_text())))


def test_an_error_of_the_caller_leaves_no_process(tmp_path: Path) -> None:
    def refuse(line: str) -> None:
        raise RuntimeError(line)

    source = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(RuntimeError) as caught:
        run_limited(python(source), folder=tmp_path, limits=Limits(), on_line=refuse)
    assert not psutil.pid_exists(int(str(caught.value)))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    process = psutil.Process()
    run(["/bin/true"], tmp_path)
    before = process.num_fds()
    for _ in range(5):
        run(["/bin/true"], tmp_path)
    assert process.num_fds() == before


def test_a_launcher_that_was_given_nothing_leaves_no_process_and_no_descriptor(tmp_path: Path) -> None:
    before = psutil.Process().num_fds()
    with Launcher(tmp_path) as launcher:
        assert psutil.pid_exists(launcher.process.pid)
    assert not psutil.pid_exists(launcher.process.pid)
    assert psutil.Process().num_fds() == before


def test_a_launcher_that_died_while_it_waited_is_a_failure(tmp_path: Path) -> None:
    with Launcher(tmp_path) as launcher:
        launcher.process.kill()
        launcher.process.wait()
        with pytest.raises(FfmpegFailed):
            run_limited(["/bin/true"], folder=tmp_path, limits=Limits(), on_line=print, launcher=launcher)


def test_a_command_reads_nothing_from_stdin(tmp_path: Path) -> None:
    _, lines = run(["/bin/sh", "-c", "cat; echo end"], tmp_path)
    assert lines == ["end"]


def test_secrets_of_the_environment_are_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SIGNING_KEY", "secret")
    _, lines = run(["/usr/bin/env"], tmp_path)
    assert [line for line in lines if "JWT" in line] == []
    assert any(line.startswith("PATH=") for line in lines)


def test_a_failure_carries_what_was_said_on_stderr(tmp_path: Path) -> None:
    with pytest.raises(FfmpegFailed) as caught:
        run(["/bin/sh", "-c", "echo no such codec >&2; exit 3"], tmp_path)
    assert caught.value.detail == "exit code 3: no such codec"


def test_a_command_that_does_not_exist_is_a_failure_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FfmpegFailed) as caught:
        run(["/nonexistent/ffmpeg"], tmp_path)
    assert "/nonexistent/ffmpeg" in caught.value.detail


@pytest.mark.parametrize("kind", ["text", "ffconcat", "hls", "svg"])
def test_ffmpeg_itself_refuses_text_even_if_inspection_were_fooled(tmp_path: Path, kind: str) -> None:
    source = hostile_media.written(tmp_path, hostile_media.TEXTS[kind])
    (tmp_path / "secret.gif").write_bytes(hostile_media.gif(width=8, height=8, frames=1))
    info = MediaInfo(kind="gif", width=8, height=8, frames=1, duration_s=0.1)
    made = [(RENDITIONS["poster"], tmp_path / "out.jpg")]
    argv = compile_argv(find_ffmpeg().path, source, info, made, limits=Limits())
    with pytest.raises(TranscodeError):
        run(argv, tmp_path)
    assert not (tmp_path / "out.jpg").exists()


def test_ffmpeg_itself_refuses_huge_pictures_even_if_inspection_were_fooled(tmp_path: Path) -> None:
    source = hostile_media.written(tmp_path, hostile_media.gif(width=16_000, height=16_000, frames=30))
    info = MediaInfo(kind="gif", width=8, height=8, frames=30, duration_s=3.0)
    made = [(RENDITIONS["slack_gif"], tmp_path / "out.gif")]
    argv = compile_argv(find_ffmpeg().path, source, info, made, limits=Limits())
    started = time.monotonic()
    with pytest.raises(TranscodeError):
        run(argv, tmp_path)
    assert time.monotonic() - started < 5.0


def test_descriptors_above_a_thousand_are_watched_too(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1500:
        pytest.skip(f"this system allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1500), hard))
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        _, lines = run(python("print(1)"), tmp_path)
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert lines == ["1"]


def test_the_process_is_in_a_session_of_its_own(tmp_path: Path) -> None:
    _, (session,) = run(python("import os; print(os.getsid(0))"), tmp_path)
    assert int(session) != os.getsid(0)
