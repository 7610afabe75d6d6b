"""Whether the conditions of a template hold, as far as that is known before deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tidegauge.cost.architecture.functions import Evaluator, as_text
from tidegauge.cost.architecture.unknown import Absent, Unresolvable, are_one, need

NESTING_MAX = 50


class Conditions:
    """The conditions of one template; `values` evaluates what they compare."""

    def __init__(self, values: Evaluator) -> None:
        self._values = values
        self._known: dict[str, bool | Unresolvable] = {}

    def holds(self, condition: Any, depth: int = 0) -> bool:
        """Whether a condition, named or written out, holds; raises Unresolvable."""
        if depth > NESTING_MAX:
            raise Unresolvable("its conditions are nested too deeply, or in a circle")
        if isinstance(condition, str):
            return self._named(condition, depth)
        if not isinstance(condition, dict) or len(condition) != 1:
            raise Unresolvable("a part of its condition is not a condition function")
        function, argument = next(iter(condition.items()))
        if function == "Condition":
            return self.holds(argument, depth + 1)
        if not isinstance(argument, list) or not argument:
            raise Unresolvable(f"{function} has no arguments")
        if function == "Fn::Equals" and len(argument) == 2:
            try:
                return _equal(*(self._values.resolve(side, depth + 1) for side in argument))
            except Absent:
                raise Unresolvable("a part of its condition is not set") from None
        if function == "Fn::Not":
            return not self.holds(argument[0], depth + 1)
        if function in ("Fn::And", "Fn::Or"):
            return self._all_or_any(argument, depth, decisive=function == "Fn::Or")
        raise Unresolvable(f"{function} is not a condition function")

    def _named(self, name: str, depth: int) -> bool:
        if name not in self._known:
            self._known[name] = Unresolvable(f"condition {name} refers to itself, in a circle")
            try:
                named = self._values.section("Conditions")
                if name not in named:
                    raise Unresolvable(f"condition {name} is not in the template")
                self._known[name] = self.holds(named[name], depth + 1)
            except Unresolvable as reason:
                self._known[name] = reason
        found = self._known[name]
        if isinstance(found, Unresolvable):
            raise found
        return found

    def _all_or_any(self, parts: Sequence[Any], depth: int, *, decisive: bool) -> bool:
        """One part that is `decisive` decides; else all must be known."""
        open_question: Unresolvable | None = None
        for part in parts:
            try:
                if self.holds(part, depth + 1) is decisive:
                    return decisive
            except Unresolvable as reason:
                open_question = open_question or reason
        if open_question is not None:
            raise open_question
        return not decisive


def _equal(left: Any, right: Any) -> bool:
    return are_one(left, right) or bool(_comparable(need(left)) == _comparable(need(right)))


def _comparable(value: Any) -> Any:
    return as_text(value) if isinstance(value, bool | int | float) else value
