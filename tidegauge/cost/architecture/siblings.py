"""All resources of a folder, found by type and by id: each may ask for thousands of others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar


class Keyed(Protocol):
    """What a resource is found by."""

    @property
    def key(self) -> str:
        """What unknown ids of it begin with."""

    @property
    def type(self) -> str:
        """AWS::…"""


R = TypeVar("R", bound=Keyed)


class Siblings(Generic[R]):
    """Resources in their order; `memo` keeps what is worked out once for all of them."""

    def __init__(self) -> None:
        self._by_type: dict[str, list[R]] = {}
        self._by_key: dict[str, R] = {}
        self.memo: dict[str, Any] = {}

    def add(self, resource: R) -> None:
        """Another one; two of a key do not come up."""
        self._by_type.setdefault(resource.type, []).append(resource)
        self._by_key[resource.key] = resource

    def of(self, *types: str) -> Iterator[R]:
        """Those of these types."""
        return (resource for kind in types for resource in self._by_type.get(kind, ()))

    def named(self, unknown_id: str) -> R | None:
        """The resource that an unknown id, or an attribute of one, belongs to."""
        return self._by_key.get(key_of(unknown_id))


def key_of(unknown_id: str) -> str:
    """The key of the resource that an unknown id, or an attribute of one, belongs to."""
    stack, colon, name = unknown_id.rpartition(":")
    return f"{stack}{colon}{name.partition('.')[0]}"
