"""Every option of every verb is called by a test that shows what it does.

Such a test is marked with their names: `@pytest.mark.option("run --set", "run --out")`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from tests.support.served import program
from tests.support.served import tidegauge as run_verb
from tidegauge.cli import tidegauge

TESTS = Path(__file__).resolve().parents[1]


def commands(
    command: click.Command, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each verb and group with the words that call it."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, (*words, name))


def options() -> set[str]:
    """Each spelling of each option, after its verb: `run --set`, `cost price --no-tiers`."""
    return {
        " ".join((*words, spelling))
        for words, command in commands(tidegauge)
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for spelling in (*parameter.opts, *parameter.secondary_opts)
    }


def shown() -> set[str]:
    """What the marks in the tests name, read from their source: no test need be collected for it."""
    return {
        argument.value
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.option"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }


def test_every_option_has_a_test_that_shows_what_it_does() -> None:
    assert sorted(options() - shown()) == []


def test_no_test_names_an_option_that_is_gone() -> None:
    assert sorted(shown() - options()) == []


NUMBERS = {
    " ".join((*words, parameter.opts[0])): parameter
    for words, command in commands(tidegauge)
    for parameter in command.params
    if isinstance(parameter.type, click.types.FloatParamType)
}


@pytest.mark.parametrize("written", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("parameter", NUMBERS.values(), ids=NUMBERS)
def test_what_is_not_a_finite_number_is_refused(parameter: click.Parameter, written: str) -> None:
    with pytest.raises(click.BadParameter):
        parameter.type.convert(written, parameter, None)


def test_no_help_speaks_of_python() -> None:
    texts = {words: command.get_help(click.Context(command)) for words, command in commands(tidegauge)}
    assert [words for words, text in texts.items() if re.search(r"\bNone\b|<class|Sentinel", text)] == []


@pytest.mark.option("init --json")
def test_init_names_the_files_that_it_wrote(tmp_path: Path) -> None:
    code, document, _ = run_verb("init", tmp_path / "load")
    names = ("plan.toml", "stack.toml", "flow.py")
    assert (code, document) == (0, {"files": [str(tmp_path / "load" / name) for name in names]})
    assert {path.name for path in (tmp_path / "load").iterdir()} == set(names)


@pytest.mark.option("--version")
def test_the_version_is_the_packages() -> None:
    assert program("--version") == (0, f"tidegauge, version {version('tidegauge')}\n", "")
