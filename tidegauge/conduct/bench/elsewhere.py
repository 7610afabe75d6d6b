"""Figures of other machines: tasks on ECS, and imported documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tidegauge.conduct.bench.child import DEFAULT_MEDIA, DEFAULT_RENDITIONS, Hear, run_bench
from tidegauge.conduct.bench.documents import read_document
from tidegauge.conduct.children import Answer
from tidegauge.errors import TidegaugeError

TASKS, TASK_MINUTES = 5, 60
ECS_ONLY = ("stack", "tasks", "task_minutes", "budget", "dry_run")
LOCAL_ONLY = ("keep", "raw", "storage", "as_profile")
PASSED_ON = ("views", "jobs_per_task", "cold_start_s", "utilisation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What was asked for of other machines, and the imported documents, read before anything is measured."""

    ecs: dict[str, Any] | None
    imports: tuple[tuple[str, Any], ...]  # file name, document

    @classmethod
    def taken_from(cls, asked: dict[str, Any]) -> Elsewhere:
        """Takes its options out of `asked`; those that have no sense together are refused."""
        from tidegauge.analysis.transcode.imports import check_import  # loads pydantic's schemas

        on, chosen = asked.pop("on"), {name: asked.pop(name) for name in ECS_ONLY}
        if on is None and (given := [name for name, value in chosen.items() if value not in (None, False)]):
            raise TidegaugeError(f"--{given[0].replace('_', '-')} needs --on ecs", "see --help")
        if on and (given := [name for name in LOCAL_ONLY if asked[name] is not None]):
            raise TidegaugeError(
                f"--{given[0].replace('_', '-')} and --on ecs are both given",
                "only the document comes back from a task; profiles are named with --profile",
            )
        imports = []
        for path in asked.pop("imports"):
            document = read_document(path)
            check_import(document, path.name)
            imports.append((path.name, document))
        return cls(ecs=chosen if on else None, imports=tuple(imports))

    def measure(self, asked: dict[str, Any], hear: Hear, tell: Callable[[str], None]) -> Answer:
        """On ECS or here, with what was imported; `hear` is told of steps, `tell` takes sentences."""
        from tidegauge.analysis.transcode.imports import with_import

        ended = run_bench(hear=hear, **asked) if self.ecs is None else self._on_ecs(asked, tell)
        document = ended.document
        for name, imported in () if "dry_run" in document else self.imports:
            document = with_import(document, imported, name)
        return Answer(document=document, exit_code=ended.exit_code)

    def _on_ecs(self, asked: dict[str, Any], tell: Callable[[str], None]) -> Answer:
        from tidegauge.conduct.bench.ecs import bench_on_ecs
        from tidegauge.conduct.bench.spending import Asked

        assert self.ecs is not None
        if self.ecs["stack"] is None:
            raise TidegaugeError("--on ecs needs --stack FILE", "its [aws.bench] says where tasks may run")
        if not asked["profile"]:
            raise TidegaugeError("--on ecs needs --profile NAME", "`tidegauge bench profiles` lists them")
        words = ["--curves"] if asked["curves"] else []
        for name in PASSED_ON:
            if asked[name] is not None:
                words += [f"--{name.replace('_', '-')}", str(asked[name])]
        return bench_on_ecs(
            Asked(
                stack=self.ecs["stack"],
                profiles=tuple(asked["profile"]),
                media=tuple(asked["media"]) or DEFAULT_MEDIA,
                renditions=tuple(asked["rendition"]) or DEFAULT_RENDITIONS,
                renditions_file=asked["renditions"],
                rounds=asked["rounds"],
                quality=not asked["no_quality"],
                words=tuple(words),
                tasks=self.ecs["tasks"] or TASKS,
                limit_s=(self.ecs["task_minutes"] or TASK_MINUTES) * 60,
                budget_usd=_dollars(self.ecs["budget"]),
                dry_run=self.ecs["dry_run"],
            ),
            tell,
        )


def _dollars(written: str | None) -> Decimal | None:
    if written is None:
        return None
    try:
        value = Decimal(written)
    except ArithmeticError:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise TidegaugeError(f"--budget '{written:.40}' is not an amount of dollars", "--budget 2.50")
    return value
