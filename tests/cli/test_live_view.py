"""What is seen of a run while it goes."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from tidegauge.cli import live, live_words, output
from tidegauge.cli.bench import progress
from tidegauge.cli.live import panel
from tidegauge.conduct.figures import Figures
from tidegauge.plan import parse_plan
from tidegauge.stack import Stack

PLAN = parse_plan(
    {
        "name": "launch \x1b[31mday",
        "warmup_s": 2,
        "drain_s": 7,
        "arrivals": [
            {"shape": "constant", "rate_per_s": 40, "duration_s": 10},
            {"shape": "ramp", "from_rate_per_s": 40, "to_rate_per_s": 80, "duration_s": 60},
        ],
        "flow": [{"name": "ping", "step": [{"path": "/"}]}],
    },
    "plan",
)
STACK = Stack(api_url="http://127.0.0.1", cdn_url="http://127.0.0.1", allowed_hosts=("127.0.0.1",))
LIVE = {
    "event": "live", "requests": 11_234, "received_bytes": 9, "cdn_requests": 10_000, "cdn_bytes": 2**30,
    "failures": {"timeout": 2, "status": 5}, "cache": {"hit": 6, "refresh_hit": 1, "miss": 2, "error": 1},
    "recent": {"count": 400, "p50_ms": 12.34, "p99_ms": 99.99, "lag_p99_ms": 0.4},
}  # fmt: skip


def told(process: int, t_s: float, **changes: Any) -> dict[str, Any]:
    row = {"event": "progress", "process": process, "t_s": t_s, "due": int(40 * t_s), "sent": int(18 * t_s)}
    return row | {"unsent": 1, "in_flight": 3, "cpu_ratio": 0.25} | changes


def running(at_s: float = 8.0) -> Figures:
    """Two processes that each send 18 of the 40 sessions due a second."""
    figures = Figures(PLAN, STACK)
    figures.take({"event": "started", "process": 0, "start_unix_s": 1.0})
    for tenths in range(30, int(at_s * 10) + 1, 5):
        for process in (0, 1):
            figures.take(told(process, tenths / 10))
    figures.take(LIVE)
    return figures


def shown(figures: Figures, width: int) -> str:
    console = Console(width=width, color_system=None, file=io.StringIO())
    with console.capture() as captured:
        console.print(panel(figures, width))
    return captured.get()


def test_rates_are_those_of_all_processes_over_the_last_seconds() -> None:
    assert dict(live_words.rows(running()))["rate"].startswith("asked 40.0/s, sent 36.0/s")


def test_each_figure_is_named_with_its_count() -> None:
    rows = dict(live_words.rows(running()))
    assert rows["response"] == "P50 12.3 ms, P99 100.0 ms (last 10 s: 400)"
    assert rows["requests"] == "11,234, failed 7 (status 5, timeout 2)"
    assert rows["cache"] == "hit ratio 0.700 (10)"  # (6 + 1) of 10
    assert rows["generator"] == "lag P99 0.4 ms, CPU 0.25 0.25 of a core"
    assert rows["sessions"].endswith("6 in flight, 2 refused")
    assert rows["left"] == "01:02"


def test_spend_is_what_cdn_and_api_list_for_the_clients_requests_and_bytes() -> None:
    # us-east-1, first tier: $0.0100 per 10,000 HTTPS requests, $0.085 a GB, $1.00 per 1M API requests (1,234)
    assert dict(live_words.rows(running()))["spend"] == "$0.0962 (CDN and API, client side only)"


def test_a_plain_server_has_no_spend_unless_a_budget_asks_for_it() -> None:
    plain = Stack(api_url="http://h", allowed_hosts=("h",))
    assert "spend" not in dict(live_words.rows(Figures(PLAN, plain)))
    budget = replace(PLAN, guards=replace(PLAN.guards, budget_usd=1.0))
    assert "spend" in dict(live_words.rows(Figures(budget, plain)))


def test_without_a_price_the_spend_is_not_available() -> None:
    figures = Figures(PLAN, Stack(api_url="http://h", allowed_hosts=("h",), aws={"region": "mars-1"}))
    figures.take(LIVE)
    assert dict(live_words.rows(figures))["spend"] == "n/a (CDN and API, client side only)"


@pytest.mark.parametrize(
    ("at_s", "words"),
    [(-0.5, "about to start"), (1, "constant, phase 1 of 2 (warm-up)"), (8, "constant, phase 1 of 2"),
     (11, "ramp, phase 2 of 2"), (71, "draining")],
)  # fmt: skip
def test_the_title_says_which_phase_it_is(at_s: float, words: str) -> None:
    figures = Figures(PLAN, STACK)
    figures.take(told(0, at_s))
    assert words in live_words.title(figures)


@pytest.mark.parametrize("width", [60, 78])
def test_the_panel_fits_its_width_and_shows_every_figure(width: int) -> None:
    text = shown(running(), width)
    lines = text.splitlines()
    assert all(len(line) <= width for line in lines)
    for word in ("asked 40.0/s", "P99 100.0 ms", "timeout 2", "hit ratio 0.700", "$0.0962", "01:02"):
        assert word in text
    assert "…" not in text


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal of 60 columns gets."""
    screen = io.StringIO()
    console = Console(width=60, color_system=None, force_terminal=True, file=screen, soft_wrap=True)
    for module in (live, output, progress):
        monkeypatch.setattr(module, "people", console)
    return screen


def test_the_panel_leaves_room_for_the_terminals_own_echo_of_ctrl_c(terminal: io.StringIO) -> None:
    view = live.LiveView()
    view.begin(running())
    view.hear(LIVE)
    view.end()
    top = next(line for line in terminal.getvalue().splitlines() if "╭" in line)
    assert len(top[top.index("╭") :]) == 60 - len("^C")


def test_a_finished_cell_has_a_line_of_its_own_above_the_bar(terminal: io.StringIO) -> None:
    with progress.CellProgress() as shown_cells:
        shown_cells.take({"steps": 8, "done": 1, "left_s": 14.0, "line": "city.gif → webp: 0.24 s"})
    assert "[1/8] city.gif → webp: 0.24 s\n" in terminal.getvalue()


def test_a_control_character_in_a_name_never_reaches_the_terminal() -> None:
    assert "\x1b" not in shown(running(), 60)
    assert "\x1b" not in live_words.line(running())


def test_without_a_terminal_the_figures_are_one_line() -> None:
    line = live_words.line(running())
    assert line.startswith("00:08 constant, phase 1 of 2 40.0/s: sent 288, in flight 6, requests 11234")
    assert "\n" not in line


def test_a_generator_that_is_gone_has_nothing_in_flight() -> None:
    figures = running()
    figures.take({"event": "gone", "process": 1, "host": "h"})
    assert figures.in_flight == 3


def test_the_first_interrupt_says_what_is_waited_for() -> None:
    figures = running()
    assert live_words.announcement({"event": "stopping"}, figures) == (
        "stopping: 6 sessions in flight, up to 7 s; Ctrl-C again to stop now"
    )
