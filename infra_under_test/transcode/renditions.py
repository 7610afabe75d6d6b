"""The renditions: read from TOML, checked to the letter, replaced or added to by a user's file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from infra_under_test.transcode.errors import RenditionsRefused
from infra_under_test.transcode.rendition import Container, QualityRange, Rendition, Step

BUILT_IN = Path(__file__).with_name("renditions.toml")
UPLOAD = "upload"

Option = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_:-]{0,39}$")]
Value = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+.,:=/_-]{1,200}$")]
Rate = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}(\.[0-9]{1,4})?$")]
Length = Annotated[int, Field(ge=2, le=8192)]


class _Range(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    option: Option
    worst: int
    step: Annotated[int, Field(ge=1)]


class _Entry(BaseModel):
    """A table of the file, as it may be written."""

    model_config = ConfigDict(extra="forbid", strict=True)
    platform: str
    source: str
    confidence: str
    container: Container
    width_max: Length
    height_max: Length
    pad: bool = False
    fps: Rate | None = None
    duration_s_max: Annotated[float, Field(gt=0)] | None = None
    frames_max: Annotated[int, Field(ge=1)] | None = None
    bytes_max: Annotated[int, Field(ge=1)] | None = None
    palette_colours: Annotated[int, Field(ge=4, le=256)] | None = None
    audio: bool = False
    encoder: dict[Option, Value]
    search: _Range | list[dict[Option, Value | int]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionBook:
    """All that can be made, and the names that are made of every upload."""

    renditions: Mapping[str, Rendition]
    upload: tuple[str, ...]


def read_book(path: Path | None = None) -> RenditionBook:
    """The built-in renditions, changed and extended by the file at `path`; raises RenditionsRefused.

    A table whose name is built in changes the keys it gives and keeps the others; a new name adds one.
    """
    tables = _read_toml(BUILT_IN)
    if path is None:
        return _book(tables, BUILT_IN.name)
    for name, table in _read_toml(path).items():
        merged = isinstance(table, dict) and isinstance(tables.get(name), dict)
        tables[name] = {**tables[name], **table} if merged else table
    return _book(tables, str(path))


def load_renditions(path: Path | None = None) -> Mapping[str, Rendition]:
    """By name: the built-in renditions, changed and extended by a user's file; raises RenditionsRefused."""
    return read_book(path).renditions


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RenditionsRefused(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RenditionsRefused(f"{path} is not TOML: {error}") from None


def _book(tables: Mapping[str, Any], source: str) -> RenditionBook:
    upload = tables.get(UPLOAD, [])
    renditions = {name: _rendition(name, table, source) for name, table in tables.items() if name != UPLOAD}
    if not isinstance(upload, list) or not upload or not all(isinstance(name, str) for name in upload):
        raise RenditionsRefused(f"{source}: upload is not a list of renditions")
    for name in upload:
        if name not in renditions:
            raise RenditionsRefused(f"{source}: upload names '{name}', {_nearest(name, renditions)}")
    return RenditionBook(renditions=MappingProxyType(renditions), upload=tuple(dict.fromkeys(upload)))


def _rendition(name: str, table: object, source: str) -> Rendition:
    if not isinstance(table, dict) or not _is_name(name):
        raise RenditionsRefused(
            f"{source}: '{name:.40}' is not the table of a rendition (a name has lower case, digits and _)"
        )
    for key in table:
        if key not in _Entry.model_fields:
            known = _nearest(key, _Entry.model_fields)
            raise RenditionsRefused(f"{source}: {name}: unknown key '{key:.40}', {known}")
    try:
        entry = _Entry.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RenditionsRefused(f"{source}: {name}.{where}: {first['msg']}") from None
    made = Rendition(
        name=name,
        **entry.model_dump(exclude={"encoder", "search"}),
        encoder=tuple(entry.encoder.items()),
        search=_search(entry),
    )
    _refuse_without_sense(made, source)
    return made


def _search(entry: _Entry) -> QualityRange | tuple[Step, ...]:
    if isinstance(entry.search, _Range):
        return QualityRange(option=entry.search.option, worst=entry.search.worst, step=entry.search.step)
    return tuple(tuple((key, str(value)) for key, value in step.items()) for step in entry.search)


def _refuse_without_sense(rendition: Rendition, source: str) -> None:
    where = f"{source}: {rendition.name}"
    if rendition.bytes_max is not None and not rendition.search:
        raise RenditionsRefused(f"{where}: bytes_max needs `search`, which says how to make it smaller")
    if rendition.palette_colours is not None and rendition.container != "gif":
        raise RenditionsRefused(f"{where}: only a GIF has palette_colours")
    if rendition.pad and rendition.container != "webp":
        raise RenditionsRefused(f"{where}: pad is transparent, which only webp keeps")
    if rendition.fps is None and rendition.container != "mp4":
        raise RenditionsRefused(f"{where}: fps is required; only mp4 keeps the source's own")
    try:
        rendition.smaller()
    except (KeyError, ValueError) as error:
        raise RenditionsRefused(f"{where}: search: {error}") from None


def _is_name(name: str) -> bool:
    return name.isidentifier() and name == name.lower() and len(name) <= 40


def _nearest(word: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"


_BUILT_IN = read_book()
RENDITIONS = _BUILT_IN.renditions
UPLOAD_RENDITIONS = _BUILT_IN.upload  # made of every upload where nothing else is asked for
