"""One local stack from claim to removal: the life of a supervisor process."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import signal
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from infra_under_test.errors import StackError
from infra_under_test.local import control, parts, ports, state, worker_quota
from infra_under_test.local.descriptor import FILE_NAME, descriptor_text
from infra_under_test.local.ingredients import REGION, Ingredients
from infra_under_test.local.resources import VISIBILITY_S, Credentials
from infra_under_test.local.s3_server import sockets
from infra_under_test.local.signing_key import SigningKey, make_signing_key
from infra_under_test.local.supervisor import SIGNALS, Say, Supervisor

INTERRUPTED = 130
VISIBILITY_VARIABLE = "TRANSCODE_VISIBILITY_S"
Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `up` was asked for."""

    name: str = "local"
    worker_vcpu: float | None = None
    worker_concurrency: int = 1
    set_env: dict[str, str] = field(default_factory=dict)
    fixed_ports: dict[str, int] = field(default_factory=dict)
    only: tuple[str, ...] = parts.PART_NAMES
    hold_fd: int | None = None

    def check(self) -> None:
        """Refuses what cannot work, before anything is started."""
        if self.worker_vcpu is not None:
            worker_quota.check_vcpu(self.worker_vcpu, os.cpu_count() or 1)
        if self.worker_concurrency < 1:
            raise StackError("--worker-concurrency is below 1", "a worker runs at least one job at a time")
        unknown = [name for name in self.only if name not in parts.PART_NAMES]
        if unknown:
            raise StackError(f"the stack has no part '{unknown[0]}'", "known: " + ", ".join(parts.PART_NAMES))
        if self.hold_fd is not None:
            _check_holdable(self.hold_fd)
        visibility_s = self.set_env.get(VISIBILITY_VARIABLE, str(VISIBILITY_S))
        if not (visibility_s.isdecimal() and int(visibility_s) <= 43_200):
            raise StackError(
                f"{VISIBILITY_VARIABLE}={visibility_s}", "set it to whole seconds, 0 to 43200 as SQS takes"
            )

    @property
    def visibility_s(self) -> int:
        """How long SQS hides a job that a worker took."""
        return int(self.set_env.get(VISIBILITY_VARIABLE, VISIBILITY_S))


def run_stack(options: Options, on_ready: Callable[[Document], None], say: Say) -> None:
    """Brings a stack up, tells `on_ready` its status, and returns once it is down and removed."""
    options.check()
    for number in SIGNALS:  # until the supervisor has its own way to end
        signal.signal(number, _interrupt)
    _forget_the_users_account()
    programs, versions = parts.discover(options.only)
    with _claimed(options, say) as (directory, chosen):
        quota = worker_quota.make_quota(directory.name, options.worker_vcpu)
        try:
            ingredients = Ingredients(
                directory=directory,
                ports=chosen.ports,
                programs=programs,
                versions=versions,
                credentials=Credentials(
                    region=REGION,
                    access_key=f"LOCAL{secrets.token_hex(8).upper()}",
                    secret_key=secrets.token_hex(20),
                ),
                signing=make_signing_key(),
                quota=quota,
                worker_concurrency=options.worker_concurrency,
                set_env=options.set_env,
                visibility_s=options.visibility_s,
                outcomes={},
            )
            _supervise(options, ingredients, chosen, on_ready, say)
        finally:
            quota.remove()


def _supervise(
    options: Options,
    ingredients: Ingredients,
    chosen: state.StackState,
    on_ready: Callable[[Document], None],
    say: Say,
) -> None:
    directory = ingredients.directory
    begun = time.monotonic()
    _write_secret(directory / "signing-key.pem", ingredients.signing)
    built = parts.build(ingredients, options.only)
    with Supervisor(built, logs=directory / "logs", hold_fd=options.hold_fd, say=say) as supervisor:
        descriptor = directory / FILE_NAME
        status_head: Document = {
            "name": options.name,
            "descriptor": str(descriptor),
            "api_url": f"http://127.0.0.1:{chosen.ports['api']}",
            "cdn_url": f"http://127.0.0.1:{chosen.ports['edge']}",
            "emulation": ingredients.quota.emulation,
            "resources": ingredients.outcomes,
        }

        def status() -> Document:
            rows = [control.part_status(part) for part in list(supervisor.running.values())]
            return {**status_head, "parts": rows}

        control_url = control.serve(
            {
                "/status": status,
                "/usage": lambda: control.merged_usage(directory / "usage"),
                "/memory": lambda: control.memory(supervisor.running),
            }
        )
        status_head["control_url"] = control_url
        group = next(map(str, ingredients.quota.groups), None)
        found = replace(chosen, control_url=control_url, cgroup=group)
        state.write_state(found)
        if not supervisor.start():
            raise StackError("the stack was told to stop while it started", "", INTERRUPTED)
        descriptor.write_text(_descriptor(options, ingredients, control_url))
        status_head["ready_after_s"] = round(time.monotonic() - begun, 3)
        state.write_state(replace(found, ready=True))
        on_ready(status())
        say(f"taking '{options.name}' down: {supervisor.watch()}")


def _descriptor(options: Options, ingredients: Ingredients, control_url: str) -> str:
    return descriptor_text(
        name=options.name,
        directory=ingredients.directory,
        ports=ingredients.ports,
        control_url=control_url,
        key_pair_id=ingredients.signing.key_pair_id,
        worker_vcpu=options.worker_vcpu,
        emulation=ingredients.quota.emulation,
    )


@contextlib.contextmanager
def _claimed(options: Options, say: Say) -> Iterator[tuple[Path, state.StackState]]:
    """A private directory and ports of our own, and their removal."""
    root = state.state_root()
    with state.exclusive(root):
        state.sweep(root, say)
        claim = state.claim(root, options.name)
        try:
            taken = {port for other in state.running(root) for port in other.ports.values()}
            taken |= {port + ports.GRPC_OFFSET for port in taken}
            chosen = ports.choose(parts.PORT_NAMES, options.fixed_ports, taken, random.SystemRandom())
            found = state.StackState(
                name=options.name,
                directory=str(claim.directory),
                supervisor_pid=os.getpid(),
                supervisor_started_s=psutil.Process().create_time(),
                ports=chosen,
                strays=sockets(chosen),
            )
            state.write_state(found)
        except BaseException:
            state.remove(claim.directory, None)
            raise
    try:
        for folder in ("logs", "tmp", "usage", "work"):
            (claim.directory / folder).mkdir()
        yield claim.directory, found
    finally:
        state.kill_descendants(claim.directory)
        state.remove(claim.directory, found)
        claim.lock.close()
        state.forget_empty(root)


def _interrupt(number: int, _frame: object) -> None:
    raise StackError(f"stopped by {signal.Signals(number).name} while starting", "", INTERRUPTED)


def _forget_the_users_account() -> None:
    """No credential, profile or endpoint of a real account may reach a local client."""
    for key in [key for key in os.environ if key.startswith("AWS_")]:
        del os.environ[key]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def _write_secret(path: Path, key: SigningKey) -> None:
    path.touch(mode=0o600)
    path.write_text(key.private_pem)


def _check_holdable(fd: int) -> None:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        raise StackError(f"file descriptor {fd} is not open", "pass the read end of a pipe") from None
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        raise StackError(
            f"file descriptor {fd} is not a pipe, so it cannot hold the stack", "pass the read end of a pipe"
        )
