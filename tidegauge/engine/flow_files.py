"""Runs the files of Python flows in the generator, so that what they mark with @flow is registered.

Locust's own `-f` would do that too, but would also take over their users and load shapes, and refuse two
classes of one name.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tidegauge.errors import TidegaugeError
from tidegauge.house import put_on_path

FLOW_FILES = "TIDEGAUGE_FLOW_FILES"


def handed_down(files: Iterable[Path]) -> dict[str, str]:
    """The variable that tells a generator its flow files."""
    return {FLOW_FILES: json.dumps([str(file) for file in files])}


def load_flow_files(environ: Mapping[str, str]) -> None:
    """Runs each; it may import what stands beside it, whatever the current folder holds."""
    here = str(Path.cwd())
    sys.path[1:] = [place for place in sys.path[1:] if place != here]  # which Locust had put there
    put_on_path(1)  # the first place is our own folder's, and Locust will remove it
    for number, name in enumerate(json.loads(environ.get(FLOW_FILES, "[]"))):
        _load(Path(name), f"tidegauge_flows_{number}")


def _load(file: Path, module_name: str) -> None:
    folder = str(file.parent)
    spec = importlib.util.spec_from_file_location(module_name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # where dataclasses and the like look for their module
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the file does: it is somebody's program
        raise TidegaugeError(f"flow file {file} cannot be loaded: {error!r}") from error
    finally:
        sys.path.remove(folder)
    sys.path.append(folder)  # for imports that its functions make later
