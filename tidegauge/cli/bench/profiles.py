"""`tidegauge bench profiles`: the task sizes that a transcode can be measured on or priced for."""

from __future__ import annotations

import click

from tidegauge.cli.bench.tables import print_profiles
from tidegauge.cli.output import json_option, print_json
from tidegauge.conduct.bench.child import call_benches


@click.command(name="profiles")
@json_option
def profiles_command(as_json: bool) -> int:
    """List the profiles of `bench transcode`: price an hour, and whether this machine can emulate each."""
    ended = call_benches("profiles", ())
    if as_json:
        print_json(ended.document)
    else:
        print_profiles(ended.document)
    return 0
