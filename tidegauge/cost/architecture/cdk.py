"""A folder that the CDK synthesised into: which stacks it deploys, and which files its assets are.

https://docs.aws.amazon.com/cdk/v2/guide/configure-synth.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath
from typing import Any

STACK, ASSEMBLY = "aws:cloudformation:stack", "cdk:cloud-assembly"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudAssembly:
    """What manifests and asset lists of a folder say; empty for a folder that is none of the CDK's."""

    stacks: tuple[str, ...] = ()  # files of the templates that are deployed by themselves
    regions: Mapping[str, str] = field(default_factory=dict)  # template file -> its stack's region
    assets: Mapping[str, str] = field(default_factory=dict)  # object key -> file
    folders: tuple[str, ...] = ()  # where the manifests stand

    def asset_file(self, key: str) -> str | None:
        """The file that is uploaded under that key."""
        return self.assets.get(key)

    def holds(self, file: str) -> bool:
        """Whether a file is in a folder of the CDK's, or deeper."""
        return any(not folder or file.startswith(f"{folder}/") for folder in self.folders)


def read_assembly(documents: Mapping[str, Any]) -> CloudAssembly:
    """The cloud assemblies among `documents` ({file: parsed JSON or YAML}), those of stages included."""
    stacks: dict[str, str] = {}
    folders: list[str] = []
    assets: dict[str, str] = {}
    for name, document in documents.items():
        if not isinstance(document, dict):
            continue
        folder = dirname(name)
        if name.rpartition("/")[2] == "manifest.json":
            made = _stacks(folder, document.get("artifacts"))
            stacks |= made
            folders += [folder] if made else []
        if name.endswith(".assets.json"):
            assets |= _assets(folder, document.get("files"))
    regions = {file: region for file, region in stacks.items() if region and "unknown" not in region}
    return CloudAssembly(stacks=tuple(stacks), regions=regions, assets=assets, folders=tuple(folders))


def _stacks(folder: str, artifacts: Any) -> dict[str, str]:
    """{template file: region} of a manifest's stacks."""
    found = {}
    for artifact in artifacts.values() if isinstance(artifacts, dict) else ():
        if not isinstance(artifact, dict) or artifact.get("type") != STACK:
            continue
        properties = artifact.get("properties")
        file = properties.get("templateFile") if isinstance(properties, dict) else None
        if isinstance(file, str):
            region = str(artifact.get("environment", "")).rpartition("/")[2]
            found[normpath(join(folder, file))] = region
    return found


def _assets(folder: str, files: Any) -> dict[str, str]:
    """{object key: file} of a list of assets."""
    found = {}
    for asset in files.values() if isinstance(files, dict) else ():
        source = asset.get("source") if isinstance(asset, dict) else None
        path = source.get("path") if isinstance(source, dict) else None
        destinations = asset.get("destinations") if isinstance(asset, dict) else None
        for destination in destinations.values() if isinstance(destinations, dict) else ():
            key = destination.get("objectKey") if isinstance(destination, dict) else None
            if isinstance(path, str) and isinstance(key, str):
                found[key.rpartition("/")[2]] = normpath(join(folder, path))
    return found
