"""Where a program of the stack is looked for, and in which order."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from infra_under_test.errors import StackError
from infra_under_test.local.discovery import FFMPEG, NGINX, VALKEY, WEED, find, njs_module, require_modules

ABSENT = "no-such-wheel-anywhere"


def program(folder: Path, name: str, says: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_a_named_program_comes_before_the_wheel(tmp_path: Path) -> None:
    mine = program(tmp_path, "my-nginx", "nginx version: nginx/9.9.9")
    found = find(NGINX, {"TIDEGAUGE_NGINX": str(mine)})
    assert (found.path, found.version, found.origin) == (mine, "9.9.9", "TIDEGAUGE_NGINX")


@pytest.mark.parametrize("wanted", [NGINX, VALKEY, WEED, FFMPEG])
def test_the_pinned_wheel_comes_before_the_path(tmp_path: Path, wanted: object) -> None:
    program(tmp_path, "nginx", "nginx version: nginx/9.9.9")
    found = find(wanted, {"PATH": str(tmp_path)})  # type: ignore[arg-type]
    assert found.origin.startswith(wanted.wheel)  # type: ignore[attr-defined]
    assert found.path.is_file()


def test_a_program_on_the_path_is_marked_unpinned(tmp_path: Path) -> None:
    on_path = program(tmp_path, "redis-server", "Redis server v=7.0.15 sha=0")
    found = find(replace(VALKEY, wheel=ABSENT), {"PATH": str(tmp_path)})
    assert (found.path, found.version, found.origin) == (on_path, "7.0.15", "PATH (unpinned)")


def test_a_missing_program_is_an_error_that_names_part_and_fix(tmp_path: Path) -> None:
    with pytest.raises(StackError) as caught:
        find(replace(FFMPEG, wheel=ABSENT), {"PATH": str(tmp_path)})
    assert "part 'worker' is missing: no ffmpeg" in caught.value.message
    assert "TIDEGAUGE_FFMPEG" in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_named_program_that_is_none_is_an_error_and_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="TIDEGAUGE_REDIS names '/nowhere'"):
        find(VALKEY, {"TIDEGAUGE_REDIS": "/nowhere", "PATH": str(tmp_path)})


def test_a_missing_python_package_is_named() -> None:
    with pytest.raises(StackError, match="part 'api' is missing: the Python package left-pad"):
        require_modules("api", {"left_pad_of_python": "left-pad"})


def test_an_nginx_without_njs_is_refused(tmp_path: Path) -> None:
    plain = program(tmp_path, "nginx", "configure arguments: --with-http_auth_request_module")
    with pytest.raises(StackError, match="lacks njs or auth_request"):
        njs_module(plain, lambda _: f"--with-http_auth_request_module --modules-path={tmp_path}")


def test_a_dynamic_njs_module_is_found_in_the_modules_path(tmp_path: Path) -> None:
    module = tmp_path / "ngx_http_js_module.so"
    module.touch()
    arguments = f"--modules-path={tmp_path} --with-http_auth_request_module"
    assert njs_module(Path("nginx"), lambda _: arguments) == module


def test_a_built_in_njs_needs_no_module() -> None:
    assert njs_module(Path("nginx"), lambda _: "--add-module=njs-0.9.9/nginx") is None


def test_a_wheels_program_that_nobody_may_make_executable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _mode: int) -> None:  # as of an installation of somebody else's; root may do all
        raise PermissionError(errno.EPERM, "Operation not permitted")

    (tmp_path / "ffmpeg-7").write_text("")
    info = tmp_path / "some_wheel-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-wheel\nVersion: 1.0\n")
    (info / "RECORD").write_text("ffmpeg-7,,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(StackError, match=r"part 'worker': .*ffmpeg-7 is not executable") as caught:
        find(replace(FFMPEG, wheel="some-wheel"), {})
    assert "TIDEGAUGE_FFMPEG" in caught.value.hint
