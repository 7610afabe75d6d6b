"""The profiles are the sizes that AWS sells, by the names that its users would expect."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import moto.ec2
import pytest

from benches.transcode.emulation import Gpu, Host
from benches.transcode.profiles import LOCAL, Profile, choose, load_profiles
from tidegauge.collect.prices.packaged import read_prices
from tidegauge.errors import TidegaugeError

PROFILES = load_profiles()
BOOK = read_prices("us-east-1")
GPU_OF_PARTS = {1.0: "", 0.5: "1/2 ", 0.25: "1/4 ", 0.125: "1/8 "}


def host(cores: int = 2, memory_gb: int = 8, no_cage: str | None = None) -> Host:
    itself = Profile(name=LOCAL, kind="local", arch="x86", vcpu=Decimal(cores), memory_gb=Decimal(memory_gb))
    return Host(profile=itself, no_cage=no_cage, gpu=Gpu(available=False, reason="no driver"))


@pytest.mark.parametrize(
    ("vcpu", "count", "least", "most"),
    [  # AWS's table: .5, 1, 2 · 1-4 · 2-8 · 4-16 · 8-30 · 16-60 in fours · 32-120 in eights
        ("0.25", 3, "0.5", "2"),
        ("0.5", 4, "1", "4"),
        ("1", 7, "2", "8"),
        ("2", 13, "4", "16"),
        ("4", 23, "8", "30"),
        ("8", 12, "16", "60"),
        ("16", 12, "32", "120"),
    ],
)
@pytest.mark.parametrize("arch", ["x86", "arm"])
@pytest.mark.parametrize("suffix", ["", "-spot"])
def test_fargate_has_the_memories_of_awss_table(
    vcpu: str, count: int, least: str, most: str, arch: str, suffix: str
) -> None:
    own = [name for name in PROFILES if name.startswith(f"fargate-{arch}-{vcpu}vcpu-")]
    own = [name for name in own if name.endswith("-spot") == bool(suffix)]
    assert len(own) == count
    assert f"fargate-{arch}-{vcpu}vcpu-{least}gb{suffix}" == own[0]
    assert f"fargate-{arch}-{vcpu}vcpu-{most}gb{suffix}" == own[-1]


def test_instances_have_the_cores_memory_and_gpu_that_ec2_describes() -> None:
    packed = Path(moto.ec2.__file__).parent / "resources" / "instance_types.json.gz"
    described: Any = json.loads(gzip.decompress(packed.read_bytes()))
    instances = [profile for profile in PROFILES.values() if profile.instance_type]
    assert len(instances) == 19
    for profile in instances:
        found = described[profile.instance_type]
        assert profile.vcpu == found["VCpuInfo"]["DefaultVCpus"]
        assert profile.memory_gb * 1024 == found["MemoryInfo"]["SizeInMiB"]
        arch = "arm" if found["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"] else "x86"
        assert profile.arch == arch
        gpus = found.get("GpuInfo", {}).get("Gpus", [])
        names = [GPU_OF_PARTS[gpu["GpuPartitionSize"]] + gpu["Name"] for gpu in gpus]
        assert names == ([profile.gpu] if profile.gpu else [])


def test_fargate_has_no_gpu_and_gpu_profiles_say_what_they_are() -> None:
    gpus = [profile for profile in PROFILES.values() if profile.gpu]
    assert all(profile.kind == "ec2-gpu" and profile.name.startswith("ec2-gpu-") for profile in gpus)
    assert all("Fargate has no GPU" in str(profile.document(BOOK, None)["price_note"]) for profile in gpus)


def test_every_profile_has_a_price() -> None:
    assert [name for name, profile in PROFILES.items() if profile.price(BOOK).usd is None] == []


def test_a_spot_profile_is_its_twin_but_for_the_price() -> None:
    spot, twin = PROFILES["fargate-arm-1vcpu-2gb-spot"], PROFILES["fargate-arm-1vcpu-2gb"]
    assert spot.size == twin.size
    assert (spot.capacity, twin.capacity) == ("spot", "on_demand")


def test_an_unknown_profile_hints_at_the_nearest_and_at_the_list() -> None:
    with pytest.raises(TidegaugeError) as caught:
        choose(["fargate-x86-1cpu-2gb"], PROFILES, [])
    assert "did you mean 'fargate-x86-1vcpu-2gb'?" in caught.value.hint
    assert "tidegauge bench profiles" in caught.value.hint


def test_a_gpu_on_fargate_is_refused_with_the_reason() -> None:
    with pytest.raises(TidegaugeError) as caught:
        choose(["fargate-gpu-g4dn.xlarge"], PROFILES, [])
    assert "Fargate has no GPU" in caught.value.hint


def test_patterns_and_groups_choose_several_profiles_once_each() -> None:
    emulable = host().emulable(PROFILES.values())
    assert choose(["fargate-arm-0.25vcpu-*gb", "fargate-arm-0.25vcpu-1gb"], PROFILES, []) == [
        "fargate-arm-0.25vcpu-0.5gb",
        "fargate-arm-0.25vcpu-1gb",
        "fargate-arm-0.25vcpu-2gb",
    ]
    assert choose(["emulable-smallest"], PROFILES, emulable) == [
        "fargate-x86-0.25vcpu-0.5gb",
        "fargate-x86-0.5vcpu-1gb",
        "fargate-x86-1vcpu-2gb",
        "fargate-x86-2vcpu-4gb",
        "fargate-x86-0.25vcpu-0.5gb-spot",
        "fargate-x86-0.5vcpu-1gb-spot",
        "fargate-x86-1vcpu-2gb-spot",
        "fargate-x86-2vcpu-4gb-spot",
    ]
    assert len(choose(["emulable"], PROFILES, emulable)) == 2 * (3 + 4 + 7 + 5)  # 8 GB cuts 2 vCPU at 4-8


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fargate-x86-4vcpu-8gb", "4 vCPU on this machine's 2 cores"),
        ("fargate-x86-2vcpu-16gb", "16 GB on this machine's 8.0"),
        ("fargate-arm-1vcpu-2gb", "arm on this machine's x86"),
        ("ec2-gpu-g6f.large", "no driver"),
    ],
)
def test_what_this_machine_cannot_stand_for_has_a_reason(name: str, reason: str) -> None:
    assert reason in str(host().why_not(PROFILES[name]))


def test_without_a_cage_no_size_is_emulated() -> None:
    assert host(no_cage="no cgroup").why_not(PROFILES["fargate-x86-1vcpu-2gb"]) == "cannot emulate: no cgroup"
    assert host(no_cage="no cgroup").why_not(host().profile) is None
