"""What a resource is billed for by use, at a scenario's figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from tidegauge.cost.architecture.edge_functions import behaviour_figures
from tidegauge.cost.architecture.resources import Resource
from tidegauge.cost.architecture.usage_names import NAMES
from tidegauge.cost.prices import Attributes, sorted_attributes

GB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Units that a resource is billed for in a month of the scenario."""

    resource: Resource
    service: str
    unit: str
    attributes: Attributes
    quantity: Fraction | None  # None: the scenario lacks the figures `needs`
    needs: tuple[str, ...]
    figures: tuple[str, ...]  # all that it asks for
    how: str
    shared_with: tuple[Resource, ...] = ()  # other resources that the same figures are the total of


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of a month by name, as rules ask for them."""

    names: Mapping[str, Fraction]
    hours: Fraction

    def of_behaviours(self, patterns: Sequence[str]) -> Figures:
        """The figures with what they leave for the only behaviour that they do not say."""
        return replace(self, names=behaviour_figures(self.names, patterns))

    def use(
        self,
        resource: Resource,
        unit: str,
        *asked: str,
        times: Fraction | int = 1,
        how: str = "",
        attributes: Mapping[str, str] = {},
    ) -> Use:
        """`times` the product of the figures `asked`, in the unit written `service.unit`."""
        service, _dot, name = unit.partition(".")
        needs = tuple(each for each in asked if each not in self.names)
        return Use(
            resource=resource,
            service=service,
            unit=name,
            attributes=sorted_attributes(attributes),
            quantity=None if needs else prod((self.names[each] for each in asked), start=Fraction(times)),
            needs=needs,
            figures=asked,
            how=how or " x ".join(NAMES[each] for each in asked),
        )


Rule = Callable[[Resource, Figures], Iterator[Use]]
