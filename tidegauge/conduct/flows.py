"""The flows that locustfiles/ offers, read from their source without running it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCUSTFILES = ROOT / "locustfiles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A `@flow("name", endpoints=(…))` of a file."""

    name: str
    file: Path
    endpoints: tuple[str, ...]
    expects: Mapping[str, float] | None = None  # of a mean session, as engine.flows.flow says


def scenarios(folder: Path = LOCUSTFILES) -> Mapping[str, Scenario]:
    """Scenarios by flow name."""
    found: dict[str, Scenario] = {}
    for file in sorted(folder.glob("[!_]*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    scenario = _scenario(decorator, file)
                    if scenario is not None:
                        found[scenario.name] = scenario
    return found


def _scenario(decorator: ast.expr, file: Path) -> Scenario | None:
    if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Name):
        return None
    if decorator.func.id != "flow" or not decorator.args:
        return None
    literals = {each.arg: ast.literal_eval(each.value) for each in decorator.keywords}
    return Scenario(
        name=ast.literal_eval(decorator.args[0]),
        file=file,
        endpoints=tuple(literals["endpoints"]),
        expects=literals.get("expects"),
    )
