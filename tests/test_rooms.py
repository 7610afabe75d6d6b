"""The rules between rooms, read off the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PURE = ("tidegauge/workload", "tidegauge/analysis", "tidegauge/cost")
IMPURE = {
    "boto3", "botocore", "locust", "gevent", "subprocess", "socket", "time", "requests", "urllib3", "random",
    "os", "logging", "pyarrow",
}  # fmt: skip
OUTER = (
    "tidegauge.engine",
    "tidegauge.cli",
    "tidegauge.store",
    "infra_under_test",
    "reports",
    "locustfiles",
    "benches",
)


RECORDS = {
    "tidegauge.run_record",
    "tidegauge.summary",
    "tidegauge.cost_record",
    "tidegauge.edge_record",
    "tidegauge.audit_record",
    "tidegauge.stack",
    "tidegauge.stored",
}


def modules(folder: str) -> Iterator[Path]:
    yield from sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offenders(folder: str, forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        for name in imported(path)
        if any(name == word or name.startswith(word + ".") for word in forbidden)
    ]


def test_the_meter_and_what_it_measures_never_import_each_other() -> None:
    assert offenders("tidegauge", ("infra_under_test", "locustfiles", "benches")) == []
    assert offenders("infra_under_test", ("tidegauge", "reports", "locustfiles", "benches")) == []


@pytest.mark.parametrize("folder", PURE)
def test_pure_rooms_reach_neither_the_outside_nor_the_outer_rooms(folder: str) -> None:
    assert offenders(folder, (*IMPURE, *OUTER)) == []


@pytest.mark.parametrize("folder", PURE)
def test_pure_rooms_neither_print_nor_draw_from_the_global_generator(folder: str) -> None:
    found = []
    for path in modules(folder):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("print", "open") or called.startswith(
                    ("np.random.seed", "np.random.rand", "datetime.now")
                ):
                    found.append(f"{path.relative_to(ROOT)}: {called}")
    assert found == []


def test_only_engine_and_locustfiles_import_locust_and_gevent() -> None:
    for folder in (
        "tidegauge/cli",
        "tidegauge/analysis",
        "tidegauge/workload",
        "reports",
        "infra_under_test",
        "benches",
    ):
        assert offenders(folder, ("locust", "gevent")) == []
    for path in (ROOT / "tidegauge").glob("*.py"):
        assert not {"locust", "gevent"} & set(imported(path)), path


def test_the_engine_imports_no_outer_room() -> None:
    assert (
        offenders(
            "tidegauge/engine",
            ("tidegauge.cli", "tidegauge.analysis", "tidegauge.cost", "locustfiles", "reports"),
        )
        == []
    )


def test_locustfiles_import_of_the_meter_only_its_engine_and_workload() -> None:
    for path in modules("locustfiles"):
        rooms = ("tidegauge", "infra_under_test", "reports")
        names = {name for name in imported(path) if name.startswith(rooms)}
        assert all(name.startswith(("tidegauge.engine", "tidegauge.workload")) for name in names), path


def test_reports_import_of_the_meter_only_the_records_that_they_show() -> None:
    assert offenders("reports", ("infra_under_test", "locustfiles", "benches")) == []
    for path in modules("reports"):
        names = {name for name in imported(path) if name.startswith("tidegauge")}
        assert {".".join(name.split(".")[:2]) for name in names} <= RECORDS, path


def test_the_cli_takes_from_the_engine_only_what_imports_no_locust() -> None:
    allowed = {
        "tidegauge.engine.events",
        "tidegauge.engine.events.EVENTS_FD",
        "tidegauge.engine.events.RUN_FOLDER",
        "tidegauge.aws.exchange",
        "tidegauge.engine.role",
        "tidegauge.engine.role.Role",
    }
    for path in modules("tidegauge/cli"):
        names = {name for name in imported(path) if not name.startswith("tidegauge.aws.exchange.")}
        assert {name for name in names if name.startswith("tidegauge.engine")} <= allowed, path
