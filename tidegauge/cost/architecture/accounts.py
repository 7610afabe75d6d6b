"""What becomes of each resource: priced, named as unpriced, or known to be free, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tidegauge.cost.architecture.billed_properties import unpriced_properties
from tidegauge.cost.architecture.fixed_rules import RULES
from tidegauge.cost.architecture.free_types import UNPRICED_TYPES, why_free
from tidegauge.cost.architecture.resources import Holding, Resource
from tidegauge.cost.architecture.stacks import NESTED
from tidegauge.cost.architecture.unknown import Unresolvable
from tidegauge.cost.architecture.usage import Figures
from tidegauge.cost.architecture.usage_rules import USES

NO_FIGURES = Figures(names={}, hours=Fraction(0))  # to see whether a rule can be followed at all
NOTHING_BILLED = "nothing that it has set is billed"
IN_ITS_STACK = "CloudFormation does not charge for stacks; what it nests is listed by itself"


@dataclass(slots=True, kw_only=True)
class Account:
    """One resource's bill: what it holds by property, what of it has no price, and why it is free."""

    resource: Resource
    holdings: list[tuple[str | None, Holding]] = field(default_factory=list)
    unpriced: list[tuple[str | None, str]] = field(default_factory=list)  # (property, reason)
    is_billed_by_use: bool = False
    free: str = ""


def account_for(resource: Resource) -> Account:
    """The resource's account; an empty one where its condition does not hold."""
    account = Account(resource=resource)
    free = why_free(resource.type)
    try:
        if resource.is_deployed:
            _fill(account, free)
    except Unresolvable as reason:
        if not free:  # else it is free, whether deployed or not
            account.unpriced.append(("Condition", str(reason)))
    return account


def _fill(account: Account, free: str) -> None:
    resource = account.resource
    if resource.type == NESTED:
        account.unpriced += [("TemplateURL", resource.not_nested)] if resource.not_nested else []
        account.free = "" if resource.not_nested else IN_ITS_STACK
        return
    if not free and resource.type not in RULES and resource.type not in USES:
        reason = UNPRICED_TYPES.get(resource.type, "no price is known for this resource type")
        account.unpriced.append((None, reason))
        return
    for part in RULES.get(resource.type, ()):
        try:
            for holding in part.hold(resource):  # what comes before an unknown part is still priced
                account.holdings.append((part.property, holding))
        except Unresolvable as reason:
            account.unpriced.append((part.property, str(reason)))
    account.is_billed_by_use, unknown = _by_use(resource)
    account.unpriced += [*unknown, *unpriced_properties(resource)]
    if not (account.holdings or account.unpriced or account.is_billed_by_use):
        account.free = free or NOTHING_BILLED


def _by_use(resource: Resource) -> tuple[bool, list[tuple[str | None, str]]]:
    """Whether it is billed by use, and what of that cannot be told from its template."""
    if resource.type not in USES:
        return False, []
    try:
        return bool(list(USES[resource.type](resource, NO_FIGURES))), []
    except Unresolvable as reason:
        return True, [(None, str(reason))]
