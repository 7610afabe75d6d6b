"""The rules between rooms, read off the imports, and the map of the house in CONTRIBUTING."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ("tidegauge", "infra_under_test", "reports", "locustfiles", "benches")

# Who may import whom. A room that is missing here has no rule yet, and fails.
DATA = "tidegauge"  # the modules on top of the meter: plan, stack, records, store and their like
MAY_IMPORT: dict[str, set[str]] = {
    DATA: set(),
    "tidegauge/workload": {DATA},
    "tidegauge/analysis": {DATA},
    "tidegauge/cost": {DATA},
    "tidegauge/collect": {DATA, "tidegauge/workload", "tidegauge/cost"},
    "tidegauge/aws": {DATA},
    "tidegauge/engine": {DATA, "tidegauge/workload"},
    "tidegauge/results": {
        DATA, "tidegauge/workload", "tidegauge/analysis", "tidegauge/cost", "tidegauge/collect", "reports",
    },
    "tidegauge/conduct": {
        DATA, "tidegauge/workload", "tidegauge/analysis", "tidegauge/cost", "tidegauge/collect",
        "tidegauge/aws", "tidegauge/engine", "tidegauge/results",
    },
    "tidegauge/cli": {
        DATA, "tidegauge/workload", "tidegauge/analysis", "tidegauge/cost", "tidegauge/collect",
        "tidegauge/aws", "tidegauge/engine", "tidegauge/conduct", "tidegauge/results", "reports",
    },
    "reports": {DATA},
    "locustfiles": {"tidegauge/engine", "tidegauge/workload"},
    "infra_under_test": set(),
    "infra_under_test/transcode": {"infra_under_test"},
    "infra_under_test/app": {"infra_under_test", "infra_under_test/transcode"},
    "infra_under_test/local": {"infra_under_test", "infra_under_test/app", "infra_under_test/transcode"},
}  # fmt: skip
DIVIDED = ("tidegauge/cost", "tidegauge/collect", "tidegauge/conduct", "tidegauge/cli", "reports")
JOINERS = ("benches", "benches/transcode")  # these, like tests, may join any rooms

# Packages from outside that only some rooms may know.
ONLY_IN: dict[str, set[str]] = {
    "locust": {"tidegauge/engine", "locustfiles"},
    "gevent": {"tidegauge/engine", "locustfiles"},
    "click": {"tidegauge/cli"},
    "rich": {"tidegauge/cli"},
    "boto3": {
        "tidegauge/aws",
        "tidegauge/collect",
        "infra_under_test/app",
        "infra_under_test/local",
        *JOINERS,
    },
    "botocore": {
        "tidegauge/aws",
        "tidegauge/collect",
        "infra_under_test/app",
        "infra_under_test/local",
        *JOINERS,
    },
    "numba": {"tidegauge/capacity"},
}
PURE = ("tidegauge/workload", "tidegauge/analysis", "tidegauge/cost")
IMPURE = {
    "boto3", "botocore", "locust", "gevent", "subprocess", "socket", "time", "requests", "urllib3", "random",
    "os", "logging", "pyarrow", "tempfile", "shutil", "sys", "importlib",
}  # fmt: skip
IMPURE_CALLS = re.compile(
    r"print|open|.*\.(open|read_text|read_bytes|write_text|write_bytes|mkdir|unlink|exists|iterdir)"
    r"|np\.random\.(seed|rand\w*|normal|uniform|choice|shuffle)|(datetime|date|dt\.datetime|dt\.date)\.(now|today|utcnow)"
)
RECORDS = {  # what reports show: of the meter they import nothing else
    "tidegauge.run_record",
    "tidegauge.summary",
    "tidegauge.cost_record",
    "tidegauge.edge_record",
    "tidegauge.audit_record",
    "tidegauge.stack",
    "tidegauge.stored",
}
ENGINE_WITHOUT_LOCUST = {"tidegauge.engine.events", "tidegauge.engine.flow_files", "tidegauge.engine.role"}


@cache
def modules() -> dict[str, Path]:
    """Every module of the house by its dotted name."""
    found = {}
    for top in HOUSE:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room_of(module: str) -> str:
    """The room that a module is in: a folder of a house, or what stands on top of it."""
    top, *rest = module.split(".")
    if not rest or not (ROOT / top / rest[0]).is_dir():
        return top
    return top if top in ("reports", "locustfiles") else f"{top}/{rest[0]}"


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


@cache
def imported(module: str) -> frozenset[str]:
    """What a module imports anywhere in it: modules of the house, and names of others."""
    names = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in modules() else node.module for name in whole}
    return frozenset(names)


def within(room: str) -> Iterator[str]:
    """The modules of a room."""
    return (module for module in modules() if room_of(module) == room)


@cache
def house_imports() -> dict[str, frozenset[str]]:
    return {name: frozenset(each for each in imported(name) if each in modules()) for name in modules()}


def test_every_room_has_its_rule() -> None:
    assert {room_of(module) for module in modules()} == {*MAY_IMPORT, *JOINERS}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_the_rooms_that_it_may(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room}
    assert [
        f"{module} imports {other}"
        for module in within(room)
        for other in sorted(house_imports()[module])
        if room_of(other) not in allowed and module != "tidegauge.__main__"
    ] == []


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_package_is_known_only_where_it_belongs(package: str) -> None:
    assert [
        f"{module} imports {name}"
        for module in modules()
        if room_of(module) not in ONLY_IN[package]
        for name in imported(module)
        if name.partition(".")[0] == package
    ] == []


def test_clients_of_aws_are_made_in_one_room() -> None:
    made = re.compile(r"boto3\.(client|resource|Session|session\.Session)|.*\bsession\.(client|resource)")
    assert [
        f"{module}: {ast.unparse(node.func)}"
        for module in modules()
        if module.startswith("tidegauge") and room_of(module) != "tidegauge/aws"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and made.fullmatch(ast.unparse(node.func))
    ] == []


def test_no_module_imports_itself_in_a_circle() -> None:
    rest = {module: set(others) - {module} for module, others in house_imports().items()}
    while leaves := {module for module, others in rest.items() if not others}:
        rest = {module: others - leaves for module, others in rest.items() if module not in leaves}
    assert rest == {}


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_import_nothing_that_reaches_outside(room: str) -> None:
    assert [
        f"{module} imports {name}"
        for module in within(room)
        for name in imported(module)
        if name.partition(".")[0] in IMPURE
    ] == []


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_open_no_file_and_ask_no_clock_and_draw_from_no_global_generator(room: str) -> None:
    assert [
        f"{module}: {called}"
        for module in within(room)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and IMPURE_CALLS.fullmatch(called := ast.unparse(node.func))
    ] == []


def test_what_is_measured_and_the_meter_meet_in_no_import() -> None:
    for module, others in house_imports().items():
        tops = {other.partition(".")[0] for other in others}
        if module.startswith("infra_under_test"):
            assert tops <= {"infra_under_test"}, module
        if module.startswith("tidegauge"):
            assert tops <= {"tidegauge", "reports"}, module


def test_reports_import_of_the_meter_only_the_records_that_they_show() -> None:
    assert within("reports")
    for module in within("reports"):
        taken = {other for other in house_imports()[module] if other.startswith("tidegauge")}
        assert taken <= RECORDS, module


def test_only_what_imports_no_locust_is_taken_from_the_engine() -> None:
    for room in ("tidegauge/conduct", "tidegauge/cli"):
        for module in within(room):
            taken = {other for other in house_imports()[module] if room_of(other) == "tidegauge/engine"}
            assert taken <= ENGINE_WITHOUT_LOCUST, module
    for module in ENGINE_WITHOUT_LOCUST:
        assert not {"locust", "gevent"} & imported(module), module


def test_locust_is_imported_before_anything_that_opens_sockets() -> None:
    """Its monkey patches break ssl and boto3 that were imported before."""
    for module in within("locustfiles"):
        first = next((name for name in import_order(module) if name.partition(".")[0] != "__future__"), None)
        assert first is None or room_of_name(first) in ("tidegauge/engine", "locustfiles", None), module


def import_order(module: str) -> Iterator[str]:
    for node in tree(module).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room_of_name(name: str) -> str | None:
    return room_of(name) if name in modules() else None


def map_in_contributing() -> dict[str, str]:
    """Path and sentence of each line of the map."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"## The house\n.*?```\n(.*?)```", text, re.DOTALL)
    assert block is not None
    found, parents = {}, [""]
    for line in block[1].splitlines():
        match = re.fullmatch(r"( *)([\w./]+)  +(\S.*)", line)
        assert match is not None, line
        depth = len(match[1]) // 2
        path = "/".join([*parents[1 : depth + 1], match[2].rstrip("/")])
        parents = [*parents[: depth + 1], match[2].rstrip("/")]
        found[path] = match[3]
    return found


def test_the_map_shows_the_rooms_that_there_are() -> None:
    shown = map_in_contributing()
    for path in shown:
        assert (ROOT / path).exists(), path
    wanted = {*MAY_IMPORT, *JOINERS}
    for room in DIVIDED:
        wanted |= {f"{room}/{folder.parent.name}" for folder in (ROOT / room).glob("*/__init__.py")}
    wanted |= {f"tests/{folder.name}" for folder in (ROOT / "tests").iterdir() if any(folder.glob("*.py"))}
    assert sorted(wanted - set(shown)) == []
