"""The list of profiles: what each costs, and whether this machine can stand for it."""

from __future__ import annotations

from typing import Any

from benches.transcode.emulation import Host
from benches.transcode.machine import describe_machine
from benches.transcode.profiles import GROUPS, load_profiles
from tidegauge.collect.prices.packaged import read_prices
from tidegauge.stack import DEFAULT_REGION


def list_profiles(host: Host) -> dict[str, Any]:
    """`python -m benches.transcode profiles`."""
    book = read_prices(DEFAULT_REGION)
    rows = []
    for profile in (host.profile, *load_profiles().values()):
        reason = host.why_not(profile)
        here = "as it is" if profile.kind == "local" else "emulated" if reason is None else "skipped"
        rows.append({**profile.document(book, None), "here": here, "reason": reason})
    return {"profiles": rows, "groups": GROUPS, "region": book.region, "machine": describe_machine()}
