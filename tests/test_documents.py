"""What the documents say exists: verbs, options, keys, files."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path

import click
import pytest

from tidegauge import plan, replay, shapes, stack
from tidegauge.cli import VERBS, tidegauge

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PLAN_PAGE = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
COMMANDS = [
    line.removeprefix("./run ")
    for block in re.findall(r"```\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("./run ") and line != "./run test"
]


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    """Every verb with the words that call it."""
    if not isinstance(command, click.Group):
        return {path: command}
    context = click.Context(command)
    found: dict[tuple[str, ...], click.Command] = {}
    for name in command.list_commands(context):
        sub = command.get_command(context, name)
        assert sub is not None
        found |= leaves(sub, (*path, name))
    return found


VERB_LEAVES = leaves(tidegauge)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_has_its_verb_and_options(command: str) -> None:
    words = shlex.split(command)
    path = next(path for path in VERB_LEAVES if tuple(words[: len(path)]) == path)
    known = {option for parameter in VERB_LEAVES[path].params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("path", VERB_LEAVES, ids=" ".join)
def test_every_verb_is_in_the_readme_and_takes_json_and_explains_itself(path: tuple[str, ...]) -> None:
    assert f"`{' '.join(path)}`" in README
    command = VERB_LEAVES[path]
    assert "--json" in {option for parameter in command.params for option in parameter.opts}
    assert command.help
    assert all(parameter.help for parameter in command.params if isinstance(parameter, click.Option))


def test_the_top_help_lists_every_verb() -> None:
    assert set(VERBS) == {path[0] for path in VERB_LEAVES}


@pytest.mark.parametrize(
    "record",
    [
        plan.Plan,
        plan.Step,
        plan.Popularity,
        plan.Validity,
        shapes.Constant,
        shapes.Ramp,
        shapes.Steps,
        shapes.Spike,
        shapes.Diurnal,
        shapes.Trace,
        shapes.LogFilter,
        replay.Replay,
        stack.Stack,
    ],
)
def test_every_key_of_plan_and_descriptor_is_documented(record: type) -> None:
    missing = [
        field.name
        for field in dataclasses.fields(record)
        if field.name != "found"  # a trace's, which is the program's to fill in
        and not re.search(rf"[`\[.]{field.name}[`\].]", PLAN_PAGE)
    ]
    assert missing == []


PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES)
def test_links_between_documents_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), target
