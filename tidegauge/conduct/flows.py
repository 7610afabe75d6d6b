"""Flows written in Python, read from the source of their files without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegauge.conduct.flow_imports import read_source, sources_of
from tidegauge.errors import TidegaugeError
from tidegauge.house import LOCUSTFILES
from tidegauge.plan import Plan, load_plan, named_flow_files, read_plan

EXAMPLE = 'write @flow("name", endpoints=("GET /path",)) above a function of the session'
OWN_PREFIX = "flows/"  # tells a plan's own files from locustfiles/ where master and worker compare them


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFlow:
    """A `@flow("name", endpoints=(…))` of a file."""

    name: str
    file: Path
    endpoints: tuple[str, ...]
    expects: Mapping[str, float] | None = None  # what a mean session asks for, as engine.flows.flow says

    @property
    def needs_catalogue(self) -> bool:
        """Whether it reads renditions, as those of locustfiles/ do; only `upload` makes its own asset."""
        return self.file.parent == LOCUSTFILES and self.name != "upload"

    @property
    def draws_assets(self) -> bool:
        """Whether a plain number would do as asset, but there must be some to draw from."""
        own = self.file.parent != LOCUSTFILES
        return own and any("{asset_id}" in name or "{short_code}" in name for name in self.endpoints)


def load_plan_and_flows(path: Path, overrides: tuple[str, ...] = ()) -> tuple[Plan, Mapping[str, PythonFlow]]:
    """The plan, and the Python flows by name that it may use: those of locustfiles/ and of its own files."""
    what = f"plan {path}"
    named = named_flow_files(read_plan(path, overrides), what)
    known = python_flows(own_flow_files([path.parent / name for name in named], f"{what}: flows"))
    return load_plan(path, overrides, frozenset(known)), known


def python_flows(own_files: Sequence[Path] = ()) -> Mapping[str, PythonFlow]:
    """Flows by name: those of locustfiles/, and of further files. One name twice is an error (exit 2)."""
    found: dict[str, PythonFlow] = {}
    for file in (*sorted(LOCUSTFILES.glob("[!_]*.py")), *own_files):
        flows = _flows_in(file)
        if not flows and file in own_files:
            raise TidegaugeError(f"flow file {file} defines no flow", EXAMPLE)
        for flow in flows:
            if flow.name in found:
                raise TidegaugeError(
                    f"flow '{flow.name}' of {file} is defined in {found[flow.name].file} already",
                    "give each flow its own name",
                )
            found[flow.name] = flow
    return found


def flow_sources(files: Iterable[Path]) -> Mapping[str, Path]:
    """The files to hold alike on master and workers: each flow file with what it imports from its folder.

    They are named `locustfiles/view.py`, a plan's own `flows/flow.py`; two of one name are an error (exit 2),
    as one process could import only one of them.
    """
    found: dict[str, Path] = {}
    for file in files:
        ours = file.parent == LOCUSTFILES
        root, prefix = (LOCUSTFILES.parent, "") if ours else (file.parent, OWN_PREFIX)
        for path in sources_of(file, root):
            if ours and path.parent != LOCUSTFILES:
                continue  # tidegauge itself, which is compared by its version
            name = prefix + path.relative_to(root).as_posix()
            if found.setdefault(name, path) != path:
                raise TidegaugeError(
                    f"{found[name]} and {path} have the same name, and flow files of one plan need both",
                    "rename one of them: a process can import only one module of a name",
                )
    return found


def own_flow_files(files: Sequence[Path], what: str) -> Sequence[Path]:
    """A plan's or worker's own flow files, as absolute paths; `what` names the list in errors (exit 2)."""
    resolved = [file.resolve() for file in files]
    for file, named in zip(resolved, files, strict=True):
        if resolved.count(file) > 1:
            raise TidegaugeError(f"{what} names {named} twice", "name each file once")
        if file.suffix != ".py":
            raise TidegaugeError(f"{what} names {named}, which is not a .py file", 'flows = ["flow.py"]')
        if file.parent == LOCUSTFILES:
            raise TidegaugeError(f"{what} names {named}, whose flows are known anyway", "leave it out")
    flow_sources(resolved)
    return resolved


def _flows_in(file: Path) -> list[PythonFlow]:
    """Those at the top level of the file; a flow inside a function or class would never be registered."""
    return [
        _flow(decorator, node, file)
        for node in read_source(file).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if _is_flow(decorator)
    ]


def _is_flow(decorator: ast.expr) -> bool:
    """`@flow`, `@flow(…)`, `@module.flow(…)`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (isinstance(called, ast.Name) and called.id == "flow") or (
        isinstance(called, ast.Attribute) and called.attr == "flow"
    )


def _flow(decorator: ast.expr, function: ast.FunctionDef | ast.AsyncFunctionDef, file: Path) -> PythonFlow:
    where = f"{file}:{decorator.lineno}: the @flow of {function.name}"
    if isinstance(function, ast.AsyncFunctionDef):
        raise TidegaugeError(f"{where} is on an async function", "leave async out: a request waits by itself")
    try:
        given = _arguments(decorator)
    except (ValueError, TypeError, MemoryError, RecursionError):
        raise TidegaugeError(f"{where} has an argument that is not a literal", EXAMPLE) from None
    name, endpoints, expects = given.get("name"), given.get("endpoints"), given.get("expects")
    if not isinstance(name, str) or not name:
        raise TidegaugeError(f"{where} has no name", EXAMPLE)
    if not isinstance(endpoints, tuple | list) or not endpoints or not all(map(_is_endpoint, endpoints)):
        raise TidegaugeError(f'{where} needs endpoints, each a text "METHOD /path"', EXAMPLE)
    if expects is not None and not _is_expectation(expects):
        raise TidegaugeError(
            f"{where}: expects is not a table of numbers", 'for example expects={"api": 2, "cdn": 1}'
        )
    return PythonFlow(name=name, file=file, endpoints=tuple(endpoints), expects=expects)


def _arguments(decorator: ast.expr) -> dict[str, Any]:
    if not isinstance(decorator, ast.Call):
        return {}
    given = {str(each.arg): ast.literal_eval(each.value) for each in decorator.keywords}
    if decorator.args:
        given["name"] = ast.literal_eval(decorator.args[0])
    return given


def _is_endpoint(value: object) -> bool:
    return isinstance(value, str) and bool(value.partition(" ")[0]) and "/" in value.partition(" ")[2][:1]


def _is_expectation(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and isinstance(times, int | float) for key, times in value.items()
    )
