"""`python -m infra_under_test.local up|down|status|parts`: JSON on stdout, words for people on stderr."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from infra_under_test.errors import USAGE, StackError
from infra_under_test.local import cli
from infra_under_test.local.parts import PART_NAMES, PORT_NAMES
from infra_under_test.local.stack import Options


class _Parser(argparse.ArgumentParser):
    """Wrong usage is reported like every other error."""

    def error(self, message: str) -> None:  # type: ignore[override]  # raising is a way not to return
        raise StackError(message, f"see {self.prog} --help", USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a verb; its exit code."""
    try:
        asked = _parser().parse_args(arguments)
        return int(asked.run(asked))
    except StackError as error:
        json.dump(error.as_json(), sys.stdout)
        sys.stdout.write("\n")
        if sys.stdout.isatty():  # else whoever reads the document tells people
            hint = f"\nhint: {error.hint}" if error.hint else ""
            sys.stderr.write(f"error: {error.message}{hint}\n")
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m infra_under_test.local", description="The local stack under test.")
    verbs = parser.add_subparsers(required=True, metavar="VERB", parser_class=_Parser)
    up = verbs.add_parser("up", help="bring a stack up; returns when it is ready")
    up.add_argument("--name", default="local")
    up.add_argument("--foreground", action="store_true", help="stay, and take it down on Ctrl-C")
    up.add_argument("--worker-vcpu", type=float, metavar="X", help="CPU quota of the worker with its ffmpeg")
    up.add_argument("--worker-concurrency", type=int, default=1, metavar="N", help="jobs at a time")
    up.add_argument(
        "--set-env",
        action="append",
        default=[],
        type=_pair,
        metavar="KEY=VALUE",
        help="a setting of API, worker and consumer",
    )
    up.add_argument(
        "--port",
        action="append",
        default=[],
        type=_port,
        metavar="NAME=PORT",
        help=f"a fixed port instead of a free one; names: {', '.join(PORT_NAMES)}",
    )
    up.add_argument("--only", metavar="PART,…", help=f"only these of {', '.join(PART_NAMES)}")
    hold = up.add_mutually_exclusive_group()
    hold.add_argument("--hold-fd", type=int, metavar="FD", help="take it down when this pipe ends")
    hold.add_argument("--hold-stdin", action="store_true", help="take it down when standard input ends")
    up.set_defaults(run=lambda asked: cli.up(_options(asked), foreground=asked.foreground))
    for verb, action, text in (
        ("down", cli.down, "take a stack down"),
        ("status", cli.status, "the parts of a running stack"),
    ):
        other = verbs.add_parser(verb, help=text)
        other.add_argument("--name", default="local")
        other.set_defaults(run=lambda asked, action=action: action(asked.name))
    parts = verbs.add_parser("parts", help="the programs that a stack would run, or why one is missing")
    parts.set_defaults(run=lambda _asked: cli.parts())
    supervise = verbs.add_parser("supervise", help="what a detached `up` starts; not for people")
    supervise.add_argument("options", type=cli.options_from_json)
    supervise.set_defaults(run=lambda asked: cli.supervise(asked.options))
    return parser


def _options(asked: argparse.Namespace) -> Options:
    return Options(
        name=asked.name,
        worker_vcpu=asked.worker_vcpu,
        worker_concurrency=asked.worker_concurrency,
        set_env=dict(asked.set_env),
        fixed_ports=dict(asked.port),
        only=tuple(asked.only.split(",")) if asked.only else PART_NAMES,
        hold_fd=0 if asked.hold_stdin else asked.hold_fd,
    )


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key.isidentifier() and equals):
        raise argparse.ArgumentTypeError(f"'{text}' is not KEY=VALUE")
    return key, value


def _port(text: str) -> tuple[str, int]:
    name, _, port = text.partition("=")
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=PORT")
    return name, int(port)


if __name__ == "__main__":
    sys.exit(main())
