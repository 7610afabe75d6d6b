"""A child that answers in JSON, or does not, as its arguments say."""

from __future__ import annotations

import json
import os
import signal
import sys
import time


def main() -> int:
    arguments = sys.argv[1:]
    events = int(arguments[1]) if arguments[0] == "--events-fd" else None
    how = arguments[-1]
    if how == "waits":
        asked: list[int] = []
        signal.signal(signal.SIGINT, lambda number, _frame: asked.append(number))
        sys.stderr.write("waiting\n")
        for _ in range(2000):  # twenty seconds
            if asked:
                break
            time.sleep(0.01)
        sys.stdout.write(json.dumps({"interrupts": len(asked)}))
        return 130
    if how == "ends_when_interrupted":
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        time.sleep(20)
    if how == "tells":
        assert events is not None
        for step in (1, 2):
            os.write(events, json.dumps({"step": step}).encode() + b"\n")
    answers = {
        "answers": ('{"stdin": ' + json.dumps(sys.stdin.read()) + "}", 0),
        "tells": ('{"done": true}', 0),
        "refuses": ('{"error": {"message": "no ffmpeg", "hint": "install it", "exit_code": 13}}', 13),
        "babbles": ("Traceback …", 1),
        "is_silent": ("", 0),
        "lists": ("[1, 2]", 0),
        "ends_oddly": ("{}", 77),
        "floods": (json.dumps({"text": "x" * 1_000_000}), 0),
    }
    text, code = answers[how]
    sys.stdout.write(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
