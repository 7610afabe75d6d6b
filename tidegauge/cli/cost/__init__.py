"""`tidegauge cost …`: prices as dated data, usage to a bill, estimates and bills checked, other terms."""

from __future__ import annotations

import click

from tidegauge.cli.lazy import LazyGroup

VERBS = {
    "price": "tidegauge.cli.cost.price:price_command",
    "prices": "tidegauge.cli.cost.prices:prices_group",
    "reconcile": "tidegauge.cli.cost.reconcile:reconcile_command",
    "validate": "tidegauge.cli.cost.validate:validate_command",
    "what-if": "tidegauge.cli.cost.what_if:what_if_command",
}


@click.group(name="cost", cls=LazyGroup, verbs=VERBS)
def cost_group() -> None:
    """Dollars: dated prices, what usage costs at them and on other terms; estimates and bills checked."""
