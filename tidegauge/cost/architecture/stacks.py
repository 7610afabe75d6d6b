"""The stacks that a folder of templates makes; a nested one as often as it is nested, each time as asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import basename, dirname, normpath
from typing import Any
from urllib.parse import unquote

from tidegauge.cost.architecture.cdk import CloudAssembly
from tidegauge.cost.architecture.template_values import TemplateValues
from tidegauge.cost.architecture.unknown import Absent, Unknown, Unresolvable, literals
from tidegauge.errors import TidegaugeError, nearest

NESTED = "AWS::CloudFormation::Stack"
NESTING = (NESTED, "AWS::CloudFormation::StackSet")
STACKS_MAX = 1000
DEPTH_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A template deployed once; `path` is empty for a stack that no other nests, else `Child/Grandchild`."""

    path: str
    file: str
    values: TemplateValues
    template: Mapping[str, Any]
    children: dict[str, Stack] = field(default_factory=dict)  # by the nesting resource's name
    not_nested: dict[str, str] = field(default_factory=dict)  # resource -> why there is no stack of it

    def resources(self) -> Mapping[str, Any]:
        """Its resources by logical id."""
        return self.values.section("Resources")


class Deployment:
    """All stacks of a folder; `notes` say on which guesses their values rest."""

    def __init__(
        self,
        templates: Mapping[str, Mapping[str, Any]],
        assembly: CloudAssembly,
        parameters: Mapping[str, str],
        region: str,
    ) -> None:
        self._templates, self._assembly, self._region = templates, assembly, region
        self.notes: dict[str, None] = {}
        self._number = 0
        self._exports: dict[str, Callable[[], Any]] | None = None
        self._open: set[str] = set()  # imports under way
        self._is_read = False
        files = self._root_files(parameters)
        _refuse_unknown(parameters, [self._templates[file] for file in files])
        self._several = len(files) > 1
        self.roots = [self._stack("", name, name, dict(parameters), ()) for name in files]
        self._is_read = True

    def all(self) -> Iterator[Stack]:
        """Every stack, a parent before its children."""
        waiting = list(reversed(self.roots))
        while waiting:
            stack = waiting.pop()
            yield stack
            waiting += reversed(stack.children.values())

    def _root_files(self, parameters: Mapping[str, str]) -> list[str]:
        """What a cloud assembly deploys, and outside of one the templates that no other one nests."""
        nested: set[str] = set()
        for name, template in self._templates.items():
            values = TemplateValues(template, parameters, self._region)
            for body in values.section("Resources").values():
                if isinstance(body, dict) and body.get("Type") in NESTING:
                    file = self._nested_file(name, body, values)[0]
                    nested |= {file} if file is not None and file != name else set()
        deployed = [
            name
            for name in self._templates
            if name in self._assembly.stacks or not (name in nested or self._assembly.holds(name))
        ]
        return deployed or list(self._templates)[:1]

    def _stack(
        self, path: str, key: str, file: str, parameters: Mapping[str, Any], above: tuple[str, ...]
    ) -> Stack:
        self._number += 1
        if self._number > STACKS_MAX:
            raise TidegaugeError(
                f"template {file}: the templates nest more than {STACKS_MAX} stacks",
                "nest them fewer times, or name a folder with fewer templates",
            )
        template = self._templates[file]
        children: dict[str, Stack] = {}

        def output(child: str, name: str) -> Any:
            if child not in children:
                raise Unresolvable("it is an output of a stack whose template is not there")
            return _output(children[child], name)

        values = TemplateValues(
            template, parameters, self._region, path=key, output=output, imports=self._imported
        )
        stack = Stack(path=path, file=file, values=values, template=template, children=children)
        for name, body in stack.resources().items():
            if isinstance(body, dict) and body.get("Type") == NESTED:
                self._nest(stack, str(name), body, (*above, file))
        return stack

    def _nest(self, stack: Stack, name: str, body: Mapping[str, Any], above: tuple[str, ...]) -> None:
        try:
            if not stack.values.is_deployed(body):
                return
        except Unresolvable:
            return  # the resource says so itself
        file, why = self._nested_file(stack.file, body, stack.values)
        if file is None or file in above or len(above) > DEPTH_MAX:
            stack.not_nested[name] = why or f"{file} nests itself, or too deeply"
            return
        properties = body.get("Properties")
        raw = properties.get("Parameters") if isinstance(properties, dict) else None
        given = raw if isinstance(raw, dict) else {}
        parameters = {str(key): _later(stack.values, inner) for key, inner in given.items()}
        shown = stack.path or (_stem(stack.file) if self._several else "")
        stack.children[name] = self._stack(
            f"{shown}/{name}".lstrip("/"), f"{stack.values.path}/{name}", file, parameters, above
        )

    def _nested_file(
        self, parent: str, body: Mapping[str, Any], values: TemplateValues
    ) -> tuple[str | None, str]:
        """The file that a stack's URL names, or why there is none."""
        properties = body.get("Properties")
        properties = properties if isinstance(properties, dict) else {}
        metadata = body.get("Metadata")
        asset = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
        url = asset or values.get(properties, "TemplateURL")
        if not isinstance(url, str):
            return None, "it does not say which template it nests"
        asset_file = self._assembly.asset_file(basename(_path_of(url)))
        wanted = asset_file or _path_of(url)
        found = _best(wanted, parent, list(self._templates))
        if len(found) == 1:
            return found[0], ""
        shown = basename(wanted) or "its template"
        if found:
            return None, f"{shown} could be any of {', '.join(found)}"
        return None, f"{shown} is not among the templates, so what it holds is not known"

    def _imported(self, name: str) -> Any:
        """What the only fitting export of another stack gives; unknown parts of names fit anything."""
        if not self._is_read or name in self._open:
            raise Unresolvable("Fn::ImportValue is known at deployment only")
        if self._exports is None:
            self._exports = {}
            for stack in self.all():
                self._exports |= _exports(stack)
        fitting = [export for export in self._exports if export == name] or [
            export for export in self._exports if _fits(export, name)
        ]
        if len(fitting) != 1:
            raise Unresolvable("Fn::ImportValue is known at deployment only")
        if fitting[0] != name or isinstance(name, Unknown):
            label = "…".join(literals(name))
            self.notes[f"what {label} imports is taken from the only export whose name fits"] = None
        self._open.add(name)
        try:
            return self._exports[fitting[0]]()
        finally:
            self._open.discard(name)


def _refuse_unknown(parameters: Mapping[str, str], templates: Sequence[Mapping[str, Any]]) -> None:
    """A parameter that no template has would be given in vain."""
    known = {str(name) for template in templates for name in template.get("Parameters") or {}}
    for name in parameters:
        if name not in known:
            raise TidegaugeError(f"parameter {name:.60} is in none of the templates", nearest(name, known))


def _stem(file: str) -> str:
    """How nested resources name the stack above them, where there are several."""
    return basename(file).partition(".")[0] or file


def _later(values: TemplateValues, raw: Any) -> Callable[[], Any]:
    """A parameter that is worked out when the nested stack asks for it."""

    def work() -> Any:
        try:
            return values.resolve(raw)
        except Absent:
            return None

    return work


def _output(stack: Stack, name: str) -> Any:
    output = stack.values.section("Outputs").get(name)
    if not isinstance(output, dict) or "Value" not in output:
        raise Unresolvable(f"{stack.file} has no output {name:.60}")
    return stack.values.resolve(output["Value"])


def _exports(stack: Stack) -> dict[str, Callable[[], Any]]:
    found = {}
    for output in stack.values.section("Outputs").values():
        export = output.get("Export") if isinstance(output, dict) else None
        name = stack.values.get(export, "Name") if isinstance(export, dict) else None
        if isinstance(name, str) and "Value" in output:
            found[name] = _later(stack.values, output["Value"])
    return found


def _fits(export: str, name: str) -> bool:
    """Whether two names can be one, where unknown parts stand for anything."""
    one, two = literals(export), literals(name)
    if len(one) > 1 and len(two) > 1:
        return one == two
    pattern, text = (one, name) if len(one) > 1 else (two, export)
    return len(pattern) > 1 and re.fullmatch(".+".join(map(re.escape, pattern)), text) is not None


def _path_of(url: str) -> str:
    """The known end of a URL's or a folder's path."""
    return unquote(literals(url)[-1].split("?", 1)[0])


def _best(wanted: str, parent: str, files: list[str]) -> list[str]:
    """The files whose path shares most trailing parts with `wanted`; one beside the parent goes first."""
    beside = normpath(f"{dirname(parent)}/{wanted}").lstrip("/")
    if beside in files:
        return [beside]
    parts = [part for part in wanted.split("/") if part not in ("", ".", "..")]
    shared = {name: _shared(parts, name.split("/")) for name in files}
    most = max(shared.values(), default=0)
    return [name for name, number in shared.items() if number == most] if most else []


def _shared(one: list[str], two: list[str]) -> int:
    number = 0
    while number < min(len(one), len(two)) and one[-1 - number] == two[-1 - number]:
        number += 1
    return number
