"""Options of `bench transcode` for figures of other machines: tasks on ECS, and imported documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tidegauge.cli.numbers import FiniteRange
from tidegauge.conduct.bench.elsewhere import TASK_MINUTES, TASKS

Command = TypeVar("Command", bound=Callable[..., Any])
OPTIONS = (
    click.option(
        "--on", type=click.Choice(["ecs"]),
        help="Measure each profile as ECS tasks of its size. It costs money: see --budget and --dry-run.",
    ),
    click.option(
        "--stack", type=click.Path(path_type=Path), metavar="FILE",
        help="With --on ecs: the stack file whose [aws] and [aws.bench] say where tasks may run.",
    ),
    click.option(
        "--tasks", type=click.IntRange(1, 50), metavar="N",
        help="With --on ecs: tasks a profile, as a task's processor cannot be chosen and differs by up to "
        f"30 %. [default: {TASKS}]",
    ),
    click.option(
        "--task-minutes", type=FiniteRange(2, 24 * 60), metavar="MIN",
        help=f"With --on ecs: a task that takes longer is stopped. [default: {TASK_MINUTES}]",
    ),
    click.option(
        "--budget", metavar="USD",
        help="With --on ecs: refuse (exit 13) if all tasks up to their time limit would cost more.",
    ),
    click.option(
        "--dry-run", is_flag=True, help="With --on ecs: say what it would cost, and start nothing."
    ),
    click.option(
        "--import", "imports", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
        help="Take in another machine's bench document, labelled as imported; repeatable.",
    ),
)  # fmt: skip


def elsewhere_options(command: Command) -> Command:
    """Adds them, in this order."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
