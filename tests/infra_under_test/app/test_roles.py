"""API, worker and consumer by themselves, as their containers start them on AWS."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT_THE_LOCAL_STACK = """
import runpy, sys
sys.modules["infra_under_test.local"] = None  # an import of it, or of a module below it, fails
runpy.run_module(sys.argv[1], run_name="__main__")
"""
SERVED = "import infra_under_test.app.api.app"  # uvicorn imports the application that it serves


@pytest.mark.parametrize("role", ["infra_under_test.app.worker", "infra_under_test.app.consumer"])
def test_a_role_needs_nothing_of_the_local_stack_and_names_the_setting_that_it_lacks(role: str) -> None:
    command = [sys.executable, "-c", WITHOUT_THE_LOCAL_STACK, role]
    ended = subprocess.run(command, env={}, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "REDIS_URL" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_api_loads_without_the_local_stack() -> None:
    script = f"import sys; sys.modules['infra_under_test.local'] = None; {SERVED}"
    subprocess.run([sys.executable, "-c", script], env={}, timeout=60, check=True)
