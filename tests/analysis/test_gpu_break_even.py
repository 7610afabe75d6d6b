"""When a GPU pays: prices against the published ones, jobs an hour by hand."""

from __future__ import annotations

from decimal import Decimal

import bench_documents as documents
import pytest

from tidegauge.analysis.transcode.gpu import break_even, free_encoder_gain, speed_ratio_needed
from tidegauge.analysis.transcode.gpu_rows import NO_SPEED, break_even_rows
from tidegauge.analysis.transcode.seed import seed_of
from tidegauge.collect.prices.packaged import read_prices


@pytest.mark.parametrize(
    ("instance", "ratio"), [("g4dn.xlarge", 5.3), ("g6.xlarge", 8.2), ("g5.xlarge", 10.2)]
)
def test_equally_busy_a_gpu_must_be_as_many_times_as_fast_as_it_is_dear(instance: str, ratio: float) -> None:
    book = read_prices("us-east-1")

    def hour(service: str, unit: str, **attributes: str) -> Decimal:
        price = book.find(service, unit, attributes)
        assert price is not None
        return price.tiers[0].list_price

    cpu = 2 * hour("fargate", "vcpu_second", arch="x86", capacity="on_demand")
    cpu += 4 * hour("fargate", "gb_second", arch="x86", capacity="on_demand")
    gpu = hour("ec2", "instance_second", instance_type=instance)
    assert speed_ratio_needed(gpu, cpu) == pytest.approx(ratio, abs=0.05)


def test_the_break_even_is_where_the_hour_of_both_costs_the_same() -> None:
    found = break_even(
        gpu_usd_per_hour=Decimal("1.00"),
        cpu_usd_per_hour=Decimal("0.10"),
        gpu_jobs_per_hour=3000,
        cpu_jobs_per_hour=200,
    )
    # A job costs $0.10 / 200 = $0.0005 on the CPU: 2,000 make the GPU's dollar, two thirds of 3,000.
    assert found.jobs_per_hour == pytest.approx(2000)
    assert found.utilisation == pytest.approx(2 / 3)
    assert found.speed_ratio == pytest.approx(15)
    assert found.pays


def test_idle_cpu_tasks_make_the_gpu_pay_earlier() -> None:
    found = break_even(
        gpu_usd_per_hour=Decimal(1),
        cpu_usd_per_hour=Decimal("0.10"),
        gpu_jobs_per_hour=3000,
        cpu_jobs_per_hour=200,
        cpu_utilisation=0.5,
    )
    assert found.jobs_per_hour == pytest.approx(1000)


def test_a_gpu_that_cannot_do_so_many_jobs_never_pays() -> None:
    found = break_even(
        gpu_usd_per_hour=Decimal(1),
        cpu_usd_per_hour=Decimal("0.10"),
        gpu_jobs_per_hour=1000,
        cpu_jobs_per_hour=200,
    )
    assert found.utilisation == pytest.approx(2)
    assert not found.pays


def test_without_imported_frames_a_second_only_the_prices_speak() -> None:
    bench = documents.bench(
        documents.cell(documents.SEED_WORKER, 2.0, "0.00005"),
        documents.cell("ec2-gpu-g4dn.xlarge", None, None, reason="no GPU here"),
        profiles=[documents.SEED_PROFILE, documents.gpu("ec2-gpu-g4dn.xlarge", "0.526")],
    )
    (row,) = break_even_rows(bench, seed_of(bench))
    assert row.figures is not None
    assert row.figures.speed_ratio_needed == pytest.approx(0.526 / 0.09874)
    assert (row.figures.jobs_per_hour, row.reason) == (None, NO_SPEED)


def test_a_fee_on_top_of_the_instance_is_told_apart() -> None:
    parts = {"instance": "0.526", "managed_instances_fee": "0.06312"}
    gpu = documents.gpu("ec2-gpu-g4dn.xlarge", "0.58912") | {"usd_per_hour_parts": parts}
    bench = documents.bench(profiles=[documents.SEED_PROFILE, gpu])
    (row,) = break_even_rows(bench, seed_of(bench))
    assert row.figures is not None
    assert row.figures.speed_ratio_needed == pytest.approx(5.97, abs=0.005)
    assert row.speed_ratio_needed_without_fees == pytest.approx(5.33, abs=0.005)


def test_imported_frames_a_second_give_the_jobs_an_hour_and_say_where_both_come_from() -> None:
    imported = documents.cell("ec2-gpu-g4dn.xlarge", 0.2, None, provenance="imported")
    bench = documents.bench(
        documents.cell(documents.SEED_WORKER, 2.0, "0.00005"),
        imported,
        profiles=[documents.SEED_PROFILE, documents.gpu("ec2-gpu-g4dn.xlarge", "0.526")],
        imports=[
            {"file": "gpu.json", "machine": {"cpu_model": "Xeon"}, "ffmpeg": {"version": "7.1"}, "cells": 1}
        ],
    )
    (row,) = break_even_rows(bench, seed_of(bench))
    assert row.figures is not None
    # 2 s a job: 1,800 an hour for $0.09874; $0.526 buys 9,588.8 of them, and the GPU does 18,000
    assert row.figures.jobs_per_hour == pytest.approx(0.526 / 0.09874 * 1800)
    assert row.figures.utilisation == pytest.approx(0.526 / 0.09874 * 1800 / 18000)
    assert row.known == (
        "GPU imported on Xeon, ffmpeg 7.1; CPU emulated on EPYC, 2 cores, ffmpeg 9.0.2 (abababab)"
    )


@pytest.mark.parametrize(("cpu_s", "gain"), [(2.12, 2.3), (4.83, 5.1)])
def test_a_free_encoder_gains_at_most_what_is_not_decoding(cpu_s: float, gain: float) -> None:
    # measured on the 480p GIF: .94 CPU-seconds of decoding and conversion, veryfast and medium
    assert free_encoder_gain(cpu_s, 0.94) == pytest.approx(gain, abs=0.05)


def test_decoding_that_takes_longer_than_the_whole_gives_no_bound() -> None:
    assert free_encoder_gain(1.0, 1.1) is None
