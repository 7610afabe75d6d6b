"""Plain Locust, with our flows: `locust -f locustfiles/short_link.py -H URL`."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.support.half_hanging import HalfHanging
from tests.support.served import ROOT, http_server
from tidegauge.workload.streams import user_seed

USERS = 12


@contextmanager
def plain_locust(folder: Path, url: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Locust's own command with USERS users of a flow of ours."""
    command = [
        sys.executable, "-m", "locust", "-f", "locustfiles/short_link.py", "--headless", "-u", str(USERS),
        "-r", str(USERS), "-H", url, "--samples-dir", str(folder / "run"), "--only-summary", *options,
    ]  # fmt: skip
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=ROOT, text=True, preexec_fn=_heed_ctrl_c, **pipes) as child:
        yield child


def _heed_ctrl_c() -> None:
    """Programs started in a shell's background have it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def samples(folder: Path) -> pd.DataFrame:
    return pq.read_table(folder / "run" / "samples").to_pandas()


def test_plain_locust_users_run_and_leave_our_samples(tmp_path: Path) -> None:
    with (
        http_server(lambda _path: (404, {}, b"")) as url,
        plain_locust(tmp_path, url, "-t", "2s") as child,
    ):
        words, _ = child.communicate(timeout=60)
    rows = samples(tmp_path)
    assert len(rows) >= USERS, words  # a session of each user, whose first step fails with the 404
    assert set(rows["flow"]) == {"short_link"}
    assert set(rows["cause"]) == {"status"}
    assert "/v1/s/{short_code}" in words  # and Locust's own table has them


@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_is_under_way_at_the_end_of_the_run_time_is_stored_as_cut(
    tmp_path: Path, processes: str
) -> None:
    with (
        HalfHanging().serving() as server,
        plain_locust(tmp_path, server.url, "-t", "3s", "--processes", processes) as child,
    ):
        child.communicate(timeout=60)
        rows = samples(tmp_path)
        assert 0 < server.hung == int((rows["cause"] == "cut").sum())
    assert set(rows.loc[rows["cause"] == "cut", "status"]) == {0}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_so_it_is_when_locust_is_told_to_end(tmp_path: Path, number: signal.Signals) -> None:
    with HalfHanging().serving() as server, plain_locust(tmp_path, server.url, "-s", "1") as child:
        while not server.hung:
            time.sleep(0.05)
        time.sleep(2)  # by then all users have asked
        child.send_signal(number)
        child.communicate(timeout=60)
        assert server.hung == int((samples(tmp_path)["cause"] == "cut").sum())


def test_no_two_users_draw_from_one_stream_over_processes_and_seeds() -> None:
    of = itertools.product((0, 1, 2, 3), (0, 1, 2), range(50))
    seeds = [user_seed(seed, process, user) for seed, process, user in of]
    assert len(set(seeds)) == len(seeds) == 600
    assert seeds == [user_seed(*one) for one in itertools.product((0, 1, 2, 3), (0, 1, 2), range(50))]
