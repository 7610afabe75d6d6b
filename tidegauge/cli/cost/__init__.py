"""`tidegauge cost …`: prices as dated data, usage turned into a bill, estimates audited, other terms."""

from __future__ import annotations

import click

from tidegauge.cli.lazy import LazyGroup

VERBS = {
    "price": "tidegauge.cli.cost.price:price_command",
    "prices": "tidegauge.cli.cost.prices:prices_group",
    "validate": "tidegauge.cli.cost.validate:validate_command",
    "what-if": "tidegauge.cli.cost.what_if:what_if_command",
}


@click.group(name="cost", cls=LazyGroup, verbs=VERBS)
def cost_group() -> None:
    """Dollars: prices with their dates, what usage costs at them, other terms, and estimates audited."""
