"""`bench transcode --on ecs` from its request to its document, against an account of moto's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from benches.transcode import remote_entry
from tests.analysis.bench_documents import cell
from tests.support.aws_account import BUCKET, REGION, Containers, account, objects, running
from tidegauge.aws.clients import Clients
from tidegauge.aws.settings import TaskSettings
from tidegauge.cli.output import say
from tidegauge.conduct.bench.ecs import bench_on_ecs
from tidegauge.conduct.bench.spending import Asked
from tidegauge.errors import ExitCode, TidegaugeError

FIXTURES = Path(__file__).parents[2] / "fixtures" / "media"
SMALL, LARGE = "fargate-x86-1vcpu-2gb", "fargate-x86-2vcpu-4gb"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Clients, TaskSettings]]:
    with account(monkeypatch) as made:
        yield made


@pytest.fixture
def asked(aws: tuple[Clients, TaskSettings], tmp_path: Path) -> Asked:
    bench = aws[1].bench
    stack = tmp_path / "aws.toml"
    stack.write_text(
        'api_url = "http://127.0.0.1:9"\nallowed_hosts = ["127.0.0.1"]\n'
        f'[aws]\nregion = "{aws[1].region}"\ncluster = "{aws[1].cluster}"\n[aws.bench]\n'
        f'image = "{bench.image}"\nbucket = "{BUCKET}"\ntask_role = "{bench.task_role}"\n'
        f"subnets = {json.dumps(bench.subnets)}\nsecurity_groups = {json.dumps(bench.security_groups)}\n"
    )
    return Asked(
        stack=stack,
        profiles=(SMALL,),
        media=(FIXTURES / "alpha.gif",),
        renditions=("poster",),
        renditions_file=None,
        rounds=1,
        quality=False,
        words=(),
        tasks=2,
        limit_s=600,
        budget_usd=None,
        dry_run=False,
    )


def printed(command: list[str]) -> dict[str, Any]:
    """A task's document without a task: its cells say which profile was asked for."""
    profile = command[command.index("--as-profile") + 1]
    figures = {"provenance": "measured", "rss_peak_mb": 60.0, "rounds": 1, "unstable": False}
    return {
        "schema_version": 1,
        "cells": [cell(profile, 1.0, "0.001", media="alpha.gif", rendition="poster", **figures)],
        "curves": [],
        "profiles": [{"name": profile, "kind": "fargate"}],
        "assumptions": [],
        "imports": [],
        "ffmpeg": {"sha256": "ab"},
        "machine": {"cpu_model": "EPYC"},
    }


def measure(asked: Asked, containers: Containers) -> Any:
    return bench_on_ecs(asked, say, clients=containers.clients, pace=containers.pace)


def test_each_task_brings_its_document_and_nothing_is_left(
    aws: tuple[Clients, TaskSettings], asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    containers = Containers(aws[0], printed)
    ended = measure(replace(asked, profiles=(SMALL, LARGE)), containers)
    assert ended.exit_code == 0
    assert [(each["profile"], each["rounds"]) for each in ended.document["cells"]] == [(SMALL, 2), (LARGE, 2)]
    assert [row["profile"] for row in ended.document["tasks"]] == [SMALL, SMALL, LARGE, LARGE]
    assert objects(aws[0]) == []
    assert running(aws[0]) == []
    # 1 x 0.04048 + 2 x 0.004445 = 0.04937 an hour; twice that for the other; two tasks of ten minutes each
    assert "at most $0.0494" in capsys.readouterr().err


def test_a_fixture_is_in_the_image_and_other_media_are_sent(
    aws: tuple[Clients, TaskSettings], asked: Asked, tmp_path: Path
) -> None:
    own = tmp_path / "own.gif"
    own.write_bytes((FIXTURES / "alpha.gif").read_bytes())
    sent: list[bytes] = []

    def work(command: list[str]) -> Any:
        where = command[command.index("--fetch") + 1]
        key = where.removeprefix(f"s3://{BUCKET}/").partition("=")[0]
        sent.append(aws[0].of("s3", REGION).get_object(Bucket=BUCKET, Key=key)["Body"].read())
        return printed(command)

    containers = Containers(aws[0], work)
    measure(replace(asked, media=(FIXTURES / "alpha.gif", own), tasks=1), containers)
    (command,) = containers.commands
    media = [command[at + 1] for at, word in enumerate(command) if word == "--media"]
    assert media == ["fixtures/media/alpha.gif", "/tmp/tidegauge-inputs/own.gif"]
    assert sent == [own.read_bytes()]
    assert objects(aws[0]) == []


def test_a_bench_that_fails_in_its_task_says_why(aws: tuple[Clients, TaskSettings], asked: Asked) -> None:
    failed = {"error": {"message": "no ffmpeg was found", "hint": "", "exit_code": 2}}
    with pytest.raises(TidegaugeError, match="no ffmpeg was found"):
        measure(asked, Containers(aws[0], lambda _: failed))
    assert objects(aws[0]) == []


def test_a_task_that_leaves_nothing_takes_nothing_from_the_others(
    aws: tuple[Clients, TaskSettings], asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = iter([None, 1])
    ended = measure(asked, Containers(aws[0], lambda command: printed(command) if next(documents) else None))
    assert ended.document["cells"][0]["rounds"] == 1
    assert "left nothing at s3://" in capsys.readouterr().err


def test_a_document_that_is_no_bench_is_kept_and_said(
    aws: tuple[Clients, TaskSettings], asked: Asked
) -> None:
    with pytest.raises(TidegaugeError, match="is not a transcode bench document"):
        measure(asked, Containers(aws[0], lambda _: {"cells": "none"}))
    assert len(objects(aws[0])) == 2


def test_ctrl_c_keeps_the_sizes_that_are_done(aws: tuple[Clients, TaskSettings], asked: Asked) -> None:
    def work(command: list[str]) -> Any:
        if LARGE in command:
            raise KeyboardInterrupt
        return printed(command)

    ended = measure(replace(asked, profiles=(SMALL, LARGE)), Containers(aws[0], work))
    assert ended.exit_code == ExitCode.INTERRUPTED
    assert [each["profile"] for each in ended.document["cells"]] == [SMALL]
    assert ended.document["interrupted"] is True
    assert running(aws[0]) == []
    assert objects(aws[0]) == []


@pytest.mark.parametrize(
    ("change", "exit_code", "message"),
    [
        ({"budget_usd": Decimal("0.016")}, 13, "2 tasks of up to 10 minutes cost up to $0.0165"),
        ({"profiles": ("fargate-x86-3vcpu-2gb",)}, 2, "no profile is called"),
        ({"profiles": ("local-machine",)}, 2, "'local-machine' is not an ECS task"),
        ({"profiles": ("fargate-*-1vcpu-2gb",)}, 2, "x86 and ARM profiles in one bench"),
        ({"profiles": ("ec2-gpu-g6.xlarge",)}, 2, "names no capacity_provider"),
        ({"renditions": ("posters",)}, 2, "no rendition is called 'posters'"),
        ({"media": (Path("/nowhere.gif"),)}, 2, "/nowhere.gif cannot be read"),
        ({"stack": Path("/nowhere.toml")}, 2, "/nowhere.toml does not exist"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_paid(
    aws: tuple[Clients, TaskSettings], asked: Asked, change: dict[str, Any], exit_code: int, message: str
) -> None:
    containers = Containers(aws[0], printed)
    with pytest.raises(TidegaugeError) as caught:
        measure(replace(asked, **change), containers)
    assert message in caught.value.message
    assert caught.value.exit_code == exit_code
    assert aws[0].of("ecs", REGION).list_task_definitions()["taskDefinitionArns"] == []


def test_a_budget_that_is_enough_is_no_hindrance(aws: tuple[Clients, TaskSettings], asked: Asked) -> None:
    ended = measure(replace(asked, budget_usd=Decimal("0.0165")), Containers(aws[0], printed))
    assert ended.exit_code == 0


def test_a_budget_in_a_region_without_prices_is_refused(
    aws: tuple[Clients, TaskSettings], asked: Asked
) -> None:
    asked.stack.write_text(asked.stack.read_text().replace("us-east-1", "eu-central-1"))
    with pytest.raises(TidegaugeError, match="no price in eu-central-1") as caught:
        measure(replace(asked, budget_usd=Decimal(100)), Containers(aws[0], printed))
    assert caught.value.exit_code == 13


def test_a_dry_run_starts_nothing(aws: tuple[Clients, TaskSettings], asked: Asked) -> None:
    containers = Containers(aws[0], printed)
    ended = measure(replace(asked, dry_run=True), containers)
    assert (ended.document["tasks"], ended.document["profiles"]) == (2, [SMALL])
    assert Decimal(ended.document["at_most_usd"]) == pytest.approx(Decimal("0.04937") / 3)
    assert containers.commands == []


def test_the_container_s_command_really_measures(aws: tuple[Clients, TaskSettings], asked: Asked) -> None:
    """All but the container: the entry point runs here, on this machine's cores."""

    def work(command: list[str]) -> None:
        assert command[:3] == ["python", "-m", "benches.transcode.remote_entry"]
        assert remote_entry.main(command[3:]) == 0

    ended = measure(replace(asked, tasks=1), Containers(aws[0], work))
    (found,) = ended.document["cells"]
    assert (found["profile"], found["provenance"], found["rounds"]) == (SMALL, "measured", 1)
    assert found["bytes_out"] > 0
    assert float(found["cost_usd_per_asset"]) > 0
    assert objects(aws[0]) == []


def test_the_container_puts_the_bench_s_error_too(aws: tuple[Clients, TaskSettings]) -> None:
    arguments = ["--put", f"s3://{BUCKET}/a/b.json", "--", "measure", "--rendition", "posters"]
    assert remote_entry.main(arguments) == 0
    document = json.loads(aws[0].of("s3", REGION).get_object(Bucket=BUCKET, Key="a/b.json")["Body"].read())
    assert document["error"]["message"] == "no rendition is called 'posters'"


def test_media_that_cannot_be_fetched_are_said(aws: tuple[Clients, TaskSettings], tmp_path: Path) -> None:
    put, fetch = f"s3://{BUCKET}/out.json", f"s3://{BUCKET}/absent.gif={tmp_path}/absent.gif"
    assert remote_entry.main(["--put", put, "--fetch", fetch, "--", "measure"]) == 0
    document = json.loads(aws[0].of("s3", REGION).get_object(Bucket=BUCKET, Key="out.json")["Body"].read())
    assert "the task cannot get its media" in document["error"]["message"]


@pytest.mark.parametrize("put", ["http://a/b", "s3://bucket", "s3:///key"])
def test_a_place_that_is_no_object_is_refused(put: str) -> None:
    with pytest.raises(SystemExit):
        remote_entry.main(["--put", put, "--", "measure"])


def test_a_bench_beyond_its_limit_is_ended_and_says_so(
    aws: tuple[Clients, TaskSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_entry, "MARGIN_S", 0)
    bench = ["measure", "--no-quality", "--rounds", "3000", "--media", str(FIXTURES / "alpha.gif")]
    arguments = ["--put", f"s3://{BUCKET}/out.json", "--limit-s", "3", "--", *bench, "--rendition", "poster"]
    assert remote_entry.main(arguments) == 0
    document = json.loads(aws[0].of("s3", REGION).get_object(Bucket=BUCKET, Key="out.json")["Body"].read())
    assert document["error"]["message"] == "the bench was interrupted"
