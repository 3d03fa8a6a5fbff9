"""Seconds and memory of ``keyword_figures``, beside the obvious loop at a size that it can bear.

    python benchmarks/keyword_figures.py                       # 10,000 sentences × 3,000 words
    python benchmarks/keyword_figures.py --sentences 519 --words 942 --resamples 1000

Scores and labels are seeded and look like a model's: a few words a sentence, probabilities in
float32. Peak memory is what was needed beyond scores and labels (Linux only). The loop takes each
of so many thresholds word by word; its seconds at all distinct scores are extrapolated.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from raysign.keywords.metrics import keyword_figures


def make_search(args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(args.seed)
    frequency = rng.permutation(1 / np.arange(1, args.words + 1))
    frequency *= args.words_a_sentence / frequency.sum()
    labels = rng.random((args.sentences, args.words), dtype=np.float32) < frequency
    scores = rng.standard_normal(labels.shape, dtype=np.float32)
    scores += np.log(frequency, dtype=np.float32) + 2 * labels
    return 1 / (1 + np.exp(-scores)), labels


def loop(scores: np.ndarray, labels: np.ndarray, thresholds: np.ndarray) -> float:
    words = np.flatnonzero(labels.any(axis=0))
    best = 0.0
    for threshold in thresholds:
        precision = recall = 0.0
        for word in words:
            retrieved = scores[:, word] >= threshold
            hits = (retrieved & labels[:, word]).sum()
            precision += hits / max(1, retrieved.sum())
            recall += hits / labels[:, word].sum()
        if precision + recall:
            best = max(best, 2 * precision * recall / (precision + recall) / len(words))
    return best


def mib(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=3_000)
    parser.add_argument("--words-a-sentence", type=float, default=12)
    parser.add_argument("--thresholds", type=int, default=3, help="that the loop takes")
    parser.add_argument("--resamples", type=int, default=0, help="behind the intervals")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    scores, labels = make_search(args)
    keyword_figures(scores[:100, :100], labels[:100, :100] | True)
    Path("/proc/self/clear_refs").write_text("5")  # from here on count the peak anew
    before, start, cpu = mib("VmRSS"), time.perf_counter(), time.process_time()
    found = keyword_figures(scores, labels)
    wall, spent = time.perf_counter() - start, time.process_time() - cpu
    print(
        f"{found.words:,} words × {found.sentences:,} sentences: mAP {found.map:.4f}, "
        f"maxF1 {found.max_f1:.4f}: {wall:.1f} s ({spent:.1f} s of CPU), "
        f"{mib('VmHWM') - before:,.0f} MiB beyond the {mib('VmRSS'):,.0f} MiB"
    )
    start = time.perf_counter()
    loop(scores, labels, np.linspace(0.1, 0.9, args.thresholds))
    each = (time.perf_counter() - start) / args.thresholds
    distinct = len(np.unique(scores))
    print(
        f"the loop: {each:.2f} s a threshold, {each * distinct / 3600:,.1f} h for all {distinct:,}"
    )
    if args.resamples:
        from raysign.keywords.resampled import resample

        start = time.perf_counter()
        drawn = resample(scores, labels, resamples=args.resamples, seed=args.seed)
        print(
            f"{args.resamples:,} resamples: {time.perf_counter() - start:.1f} s; "
            f"mAP {drawn.figure('map')}, maxF1 {drawn.figure('max_f1')}"
        )


if __name__ == "__main__":
    main()
