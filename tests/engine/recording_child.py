"""A generator that records a request every 10 ms, and says so, until it is killed.

Run as `python recording_child.py FOLDER`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import gevent
import numpy as np
from written_rows import request

from tidegauge.engine.recorder import Recorder


def main() -> None:
    recorder = Recorder(Path(sys.argv[1]), 0, lambda reason: sys.exit(reason))
    rng, began = np.random.default_rng(1), time.monotonic()
    for index in range(3000):
        due_s = time.monotonic() - began
        recorder.add_sample(request(rng, index, 0, "view", due_s, None))
        sys.stdout.write(f"{due_s}\n")
        sys.stdout.flush()
        gevent.sleep(0.01)


if __name__ == "__main__":
    main()
