"""`bench transcode --on ecs`: each profile measured by tasks of its very size, their documents joined."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from tidegauge.analysis.transcode.document import read_bench
from tidegauge.analysis.transcode.tasks import TaskOutcome, join_tasks
from tidegauge.aws.clients import TASKS, Clients, aws_errors
from tidegauge.aws.ecs import Pace, Ran, run_tasks
from tidegauge.aws.objects import fetch_document, remove, send_file, url
from tidegauge.aws.settings import TaskSettings, task_settings
from tidegauge.aws.task import TaskSize, placement, task_size
from tidegauge.conduct.bench.spending import Asked, announcement, check, dry_run_document, plan_spend
from tidegauge.conduct.children import Answer
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.house import HOUSE, MEDIA
from tidegauge.stack import load_stack

INPUTS = "/tmp/tidegauge-inputs"  # noqa: S108  # in the container, which is nobody else's


def bench_on_ecs(
    asked: Asked,
    tell: Callable[[str], None],
    *,
    clients: Clients | None = None,
    pace: Callable[[float], Pace] = lambda limit_s: Pace(limit_s=limit_s),
) -> Answer:
    """Checks, says what it will cost, runs the tasks of one profile after the other, joins."""
    settings = task_settings(load_stack(asked.stack), f"stack {asked.stack}")
    checked = check(asked)
    sizes = [task_size(profile) for profile in checked["profiles"]]
    if len({size.arch for size in sizes}) > 1:
        raise TidegaugeError(
            "x86 and ARM profiles in one bench: their ffmpeg builds differ, so no figure could be compared",
            "bench each in a call of its own; `bench report x86.json arm.json` shows both",
        )
    for size in sizes:
        placement(size, settings)  # what is missing in the settings is said before anything is paid
    spend = plan_spend(asked, checked, settings.region)
    tell(announcement(spend, asked, sizes))
    if asked.dry_run:
        return Answer(document=dry_run_document(spend, sizes), exit_code=ExitCode.PASS)
    run = _Run(asked, settings, clients or Clients(TASKS), pace(asked.limit_s), tell)
    return run.measure(sizes, checked["media"], checked["renditions"])


class _Run:
    """One call's keys in the bucket, and its tasks."""

    def __init__(
        self, asked: Asked, settings: TaskSettings, clients: Clients, pace: Pace, tell: Callable[[str], None]
    ) -> None:
        self._asked = asked
        self._settings = settings
        with aws_errors("AWS cannot be used"):
            self._ecs, self._s3 = (clients.of(service, settings.region) for service in ("ecs", "s3"))
        self._pace = pace
        self._tell = tell
        self._bucket = settings.bench.bucket
        self._prefix = f"{settings.bench.prefix}/{uuid.uuid4().hex[:12]}"
        self._sent: list[str] = []

    def measure(self, sizes: Sequence[TaskSize], media: Sequence[str], renditions: Sequence[str]) -> Answer:
        outcomes: list[TaskOutcome] = []
        try:
            words = self._bench_words()
            for size in sizes:
                try:
                    outcomes += self._of_profile(size, words)
                except TidegaugeError as error:
                    if not any(each.document for each in outcomes):
                        raise
                    outcomes.append(_nothing(size, error.message))  # what came before is paid for
        except KeyboardInterrupt:
            if not any(each.document for each in outcomes):
                raise
            self._tell("interrupted: the profiles that were done are kept")
            return self._ended(outcomes, media, renditions, ExitCode.INTERRUPTED)
        finally:
            remove(self._s3, self._bucket, self._sent)
        return self._ended(outcomes, media, renditions, ExitCode.PASS)

    def _ended(
        self, outcomes: list[TaskOutcome], media: Sequence[str], renditions: Sequence[str], code: ExitCode
    ) -> Answer:
        for each in outcomes:
            if each.failure:
                self._tell(f"{each.profile}: task {each.task or 'not started'}: {each.failure}")
        document = dict(join_tasks(outcomes, media, renditions))
        document["interrupted"] = document["interrupted"] or code == ExitCode.INTERRUPTED
        measured = any(cell["wall_s"] is not None for cell in document["cells"])
        return Answer(document=document, exit_code=code if measured else code or ExitCode.USAGE)

    def _of_profile(self, size: TaskSize, words: Sequence[str]) -> list[TaskOutcome]:
        keys = [f"{self._prefix}/{size.name}/{index}.json" for index in range(self._asked.tasks)]
        commands = [
            [
                *("python", "-m", "benches.transcode.remote_entry", "--put", url(self._bucket, key)),
                *("--limit-s", str(int(self._asked.limit_s))),
                *self._fetches(),
                *("--", "measure", "--as-profile", size.name, *words),
            ]
            for key in keys
        ]
        ran = run_tasks(self._ecs, self._settings, size, commands, self._pace, self._tell)
        return [self._outcome(size.name, key, each) for key, each in zip(keys, ran, strict=True)]

    def _outcome(self, profile: str, key: str, ran: Ran) -> TaskOutcome:
        """A document counts however its task ended: Spot may take a task that had just put it."""
        document, failure = None, ran.failure
        try:
            found = fetch_document(self._s3, self._bucket, key)
            if found is not None and "error" in found:
                failure = str(found["error"].get("message"))
            elif found is not None:
                read_bench(found, url(self._bucket, key))
                document = found
            elif failure is None:
                failure = f"it ended well, but left nothing at {url(self._bucket, key)}"
            remove(self._s3, self._bucket, [key] if found is not None else [])
        except TidegaugeError as error:  # the other tasks' documents are paid for, too
            failure = "; ".join(filter(None, (failure, error.message)))
        return TaskOutcome(
            profile=profile,
            task=ran.task,
            document=document,
            failure=failure,
            cold_start_s=ran.cold_start_s,
            billed_s=ran.billed_s,
        )

    def _bench_words(self) -> list[str]:
        """The bench's own options; media that the image lacks are sent."""
        words = ["--rounds", str(self._asked.rounds), *self._asked.words]
        words += [] if self._asked.quality else ["--no-quality"]
        for name in self._asked.renditions:
            words += ["--rendition", name]
        for path in self._asked.media:
            words += ["--media", self._at_the_task(path)]
        if self._asked.renditions_file:
            words += ["--renditions", self._at_the_task(self._asked.renditions_file)]
        return words

    def _at_the_task(self, path: Path) -> str:
        if path.resolve().parent == MEDIA:  # the image has these at the same place
            return str(path.resolve().relative_to(HOUSE))
        key = f"{self._prefix}/inputs/{path.name}"
        self._sent.append(key)
        send_file(self._s3, path, self._bucket, key)
        return f"{INPUTS}/{path.name}"

    def _fetches(self) -> list[str]:
        return [
            word
            for key in self._sent
            for word in ("--fetch", f"{url(self._bucket, key)}={INPUTS}/{key.rpartition('/')[2]}")
        ]


def _nothing(size: TaskSize, failure: str) -> TaskOutcome:
    return TaskOutcome(profile=size.name, task="", document=None, failure=failure)
