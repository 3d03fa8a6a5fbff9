"""Seconds and memory of ``rank`` against a full argsort in blocks of the same memory.

    python benchmarks/ranking.py                              # 10,000 × 100,000 × 256
    python benchmarks/ranking.py --queries 1000
    python benchmarks/ranking.py --ways raysign               # without the slow one

Each way runs in a process of its own, one after the other, on the same clips (seeded; clips of a
sign stand around one point). Peak memory is what the process needed beyond the clips themselves
(Linux only). The argsort sums in float32 and breaks ties as they come; without ties, both find the
same figures.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from raysign.ranking import rank


def make_clips(args: argparse.Namespace) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    rng = torch.Generator().manual_seed(args.seed)
    points = torch.randn(args.signs, args.dim, generator=rng)

    def draw(num: int) -> tuple[Tensor, Tensor]:
        sign = torch.randint(args.signs, (num,), generator=rng)
        clips = torch.randn(num, args.dim, generator=rng).mul_(args.spread).add_(points[sign])
        return torch.nn.functional.normalize(clips, dim=1), sign

    return *draw(args.queries), *draw(args.clips)


def by_raysign(
    clips: tuple[Tensor, Tensor, Tensor, Tensor], memory_bytes: int
) -> tuple[float, float]:
    found = rank(*clips, memory_bytes=memory_bytes)
    return found.average_precision.nanmean().item(), found.values("recall_at_1").nanmean().item()


def by_argsort(
    clips: tuple[Tensor, Tensor, Tensor, Tensor], memory_bytes: int
) -> tuple[float, float]:
    queries, query_sign, gallery, gallery_sign = clips
    # score 4, its sorted copy 4, order 8, signs in that order 8, hits 1, ranks of hits 8
    rows = max(1, memory_bytes // (33 * len(gallery)))
    average_precision, first = [], []
    for start in range(0, len(queries), rows):
        block = slice(start, start + rows)
        order = (queries[block] @ gallery.T).argsort(dim=1, descending=True)
        hits = gallery_sign[order] == query_sign[block, None]
        for row in hits:
            place = row.nonzero()[:, 0] + 1
            average_precision.append((torch.arange(1, len(place) + 1) / place).mean())
            first.append(row[0].float())
    return torch.stack(average_precision).nanmean().item(), torch.stack(first).mean().item()


WAYS = {"raysign": by_raysign, "argsort": by_argsort}


def measure(name: str, args: argparse.Namespace) -> tuple[float, float, float, tuple[float, float]]:
    """Wall seconds, CPU seconds, peak MiB beyond the clips, and (mAP, R@1)."""
    torch.set_num_threads(args.threads)
    clips = make_clips(args)
    few = (clips[0][:8], clips[1][:8], clips[2][:100], clips[1][:8].repeat(13)[:100])
    WAYS[name](few, 1 << 20)  # libraries load on first use
    Path("/proc/self/clear_refs").write_text("5")  # from here on count the peak anew
    before = _mib("VmRSS")
    start, cpu = time.perf_counter(), time.process_time()
    figures = WAYS[name](clips, args.memory_mib << 20)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    return seconds, cpu_seconds, _mib("VmHWM") - before, figures


def _mib(field: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--signs", type=int, default=5_000, help="20 positives a query")
    parser.add_argument("--spread", type=float, default=2.5, help="noise around a sign's point")
    parser.add_argument("--memory-mib", type=int, default=256)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    print(
        f"{args.queries:,} queries x {args.clips:,} clips x {args.dim}, "
        f"{args.clips / args.signs:.0f} positives a query, blocks of {args.memory_mib} MiB, "
        f"{args.threads} threads"
    )
    results = {}
    for name in args.ways:
        # a fresh process each: peak memory never goes down again
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            seconds, cpu, mib, (mean_ap, recall) = pool.submit(measure, name, args).result()
        results[name] = seconds, cpu, mib
        print(
            f"{name}: {seconds:7.2f} s ({cpu:.2f} CPU-s)  peak {mib:.0f} MiB  "
            f"mAP {mean_ap:.4f}  R@1 {recall:.4f}"
        )
    if len(results) == len(WAYS):
        ratios = [a / b for a, b in zip(results["argsort"], results["raysign"], strict=True)]
        print("argsort / raysign: time {:.2f}, CPU time {:.2f}, peak memory {:.2f}".format(*ratios))


if __name__ == "__main__":
    main()
