"""What the documents say exists: verbs, options, keys, files."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

from tidegauge import plan, replay, shapes, stack
from tidegauge.cli import VERBS, tidegauge

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    page: (ROOT / page).read_text(encoding="utf-8")
    for page in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
    )
}
README, CONTRIBUTING, PLAN_PAGE = PAGES["README.md"], PAGES["CONTRIBUTING.md"], PAGES["docs/plan.md"]
CALLS = re.compile(r"^(?:\./run|tidegauge) ([a-z].*)$", re.MULTILINE)
COMMANDS = sorted(
    {
        command
        for text in PAGES.values()
        for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for command in CALLS.findall(block)
        if command.split()[0] not in ("test", "setup")  # ./run's own
    }
)
MODULES = sorted(
    {name for text in PAGES.values() for name in re.findall(r"python -m\s([a-z_.]+[a-z])", text)}
)


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
def test_a_command_of_a_page_has_its_verb_and_options(command: str) -> None:
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


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_a_page_runs_is_there(name: str) -> None:
    assert importlib.util.find_spec(name) is not None


def anchors(text: str) -> set[str]:
    """What links can name in a page: its headings, as forges turn them into anchors."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_between_documents_lead_somewhere(page: str) -> None:
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", PAGES[page]):
        path = ((ROOT / page).parent / target) if target else ROOT / page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path.read_text(encoding="utf-8")), anchor


def test_the_files_that_contributing_names_are_there() -> None:
    named = re.findall(
        r"`((?:tests|tidegauge|reports|infra_under_test|locustfiles|benches)/[\w/.]+)`", CONTRIBUTING
    )
    absent = [name for name in named if not (ROOT / name).exists() and not re.search("[A-Z]", name)]
    assert len(named) > 10
    assert absent == []
