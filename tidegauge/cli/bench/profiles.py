"""`tidegauge bench profiles`: the task sizes that a transcode can be measured on or priced for."""

from __future__ import annotations

import click

from tidegauge.cli.bench.tables import print_profiles
from tidegauge.cli.output import json_option, print_json
from tidegauge.conduct.bench.child import list_profiles


@click.command(name="profiles")
@json_option
def profiles_command(as_json: bool) -> int:
    """List the profiles of `bench transcode`: price an hour, and whether this machine can emulate each."""
    document = list_profiles()
    if as_json:
        print_json(document)
    else:
        print_profiles(document)
    return 0
