"""Milliseconds of a search in a gallery beside brute force in torch, with recall and memory.

    python benchmarks/search.py                        # 1,000,000 x 256
    python benchmarks/search.py --size 50000 --kind hnsw
    python benchmarks/search.py --folder galleries/million   # build once, measure again
    python benchmarks/search.py --like galleries/asl --asking stores/asl:val   # beside real ones

Clips are synthetic: those of a sign stand around one point (seeded), queries are new clips of the
same signs, asked one at a time. How they stand decides how hard an index has it: independent values
have no neighbours to speak of, and signs that keep apart are found by any index. So the shape is
that of the embeddings of WLASL's hands by the encoder that ships (8,313 clips of 1,998 signs): few
directions matter, signs crowd each other, some clips of a sign lie far out, and clips that the
encoder did not learn from farther still (``SHAPE``); ``--like`` shows both side by side.

Recall@10 is of brute force over the float32 vectors, so what float16 costs counts too. Search and
start-up are measured in a process that does nothing else; its memory is what it holds of its own,
and beside that the pages of the gallery's files that it has mapped, which the system may take back.
Both ways get the same number of threads.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

CALLS_FIRST = 20
BLOCK = 1 << 16


class Shape(NamedTuple):
    """How embeddings stand: the variance along direction i falls as exp(-i / decay)."""

    signs: float = 30
    """The decay of the signs' points,"""
    clips: float = 43
    """and of the clips about their sign's point: read off the eigenvalues of WLASL's hands."""
    spread: float = 0.36
    """Variance of clips about their point, over that of the points:"""
    unlike: float = 0.45
    """its median; its logarithm differs from clip to clip by this standard deviation."""
    family: int = 5
    """Signs that look alike,"""
    alike: float = 0.8
    """and the share of the points' variance that is between such families."""
    asking: float = 3
    """Variance of queries about their sign's point, over that of the gallery's clips. An encoder
    has drawn the clips that it learned from together, and an index finds the neighbours of others
    less easily: as easily as those of WLASL's val clips with this."""


SHAPE = Shape()


def make(
    args: argparse.Namespace, count: int, *, asking: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors [clip dim] and the number of each one's sign: the gallery's, or queries."""
    size = np.arange(args.dim)
    between, within = (np.exp(-size / decay) for decay in (args.shape.signs, args.shape.clips))
    between, within = (np.sqrt(part / part.sum()).astype(np.float32) for part in (between, within))
    drawn = np.random.default_rng(args.seed)
    points = drawn.standard_normal((args.signs, args.dim), np.float32)
    points *= np.sqrt(1 - args.shape.alike)
    families = drawn.standard_normal((-(-args.signs // args.shape.family), args.dim), np.float32)
    points += np.sqrt(args.shape.alike) * families[np.arange(args.signs) // args.shape.family]
    points *= between
    rng = np.random.default_rng([args.seed, int(asking)])
    sign = rng.integers(args.signs, size=count)
    far = np.sqrt(args.shape.spread * np.exp(args.shape.unlike * rng.standard_normal(count)))
    far *= np.sqrt(args.shape.asking if asking else 1)
    clips = np.empty((count, args.dim), np.float32)
    for start in range(0, count, BLOCK):
        block = clips[start : start + BLOCK]
        rng.standard_normal(out=block, dtype=np.float32)
        block *= within
        block *= far[start : start + BLOCK, None].astype(np.float32)
        block += points[sign[start : start + BLOCK]]
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    return clips, sign


def compare(args: argparse.Namespace) -> None:
    """How near its neighbours are to a query, real and synthetic, in galleries of one size.

    And how many of them a graph finds with little effort.
    """
    from raysign.evaluate.model import load_model
    from raysign.gallery import Gallery
    from raysign.sources import load_selection

    gallery = Gallery.open(args.like)
    rows = np.flatnonzero(gallery.exemplars.sign_number >= 0)
    clips = gallery.vectors_at(rows), gallery.exemplars.sign_number[rows]
    asking = load_selection(args.asking)
    asking = asking.select(np.random.default_rng(0).permutation(len(asking))[: args.queries])
    embedder = load_model(gallery.card.model.name, args.asking).embedder()
    number = {sign: place for place, sign in enumerate(gallery.exemplars.signs)}
    signs = np.array([number.get(sign, -1) for sign in asking.sign])
    args.signs, args.dim = len(number), clips[0].shape[1]
    print(f"{len(rows):,} clips of {args.signs:,} signs; 5th, 25th, 50th, 75th, 95th percentile of")
    show("real", (embedder.embed(asking).numpy(), signs), clips)
    show("synthetic", make(args, len(asking), asking=True), make(args, len(rows)))


def show(
    what: str, asking: tuple[np.ndarray, np.ndarray], clips: tuple[np.ndarray, np.ndarray]
) -> None:
    """Percentiles of the cosines of queries to clips, by what they are, and an index's recall."""
    import faiss

    cosine = asking[0] @ clips[0].T
    same = asking[1][:, None] == clips[1]
    ordered = -np.sort(-cosine, axis=1)
    own = np.where(same, cosine, -np.inf).max(axis=1)
    for name, values in {
        "nearest clip": ordered[:, 0],
        "tenth": ordered[:, 9],
        "hundredth": ordered[:, 99],
        "nearest of the same sign": own[own > -np.inf],
        "nearest of another sign": np.where(same, -np.inf, cosine).max(axis=1),
        "any pair": cosine,
    }.items():
        spread = "  ".join(f"{each:.2f}" for each in np.percentile(values, (5, 25, 50, 75, 95)))
        print(f"{what:>10}  {name:<28}{spread}")
    graph = faiss.IndexHNSWFlat(clips[0].shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction, graph.hnsw.efSearch = 200, 16
    graph.add(clips[0])
    found = np.take_along_axis(cosine, graph.search(asking[0], 10)[1], axis=1)
    print(
        f"{what:>10}  recall@10 of HNSW, ef 16    {(found >= ordered[:, 9:10] - 1e-5).mean():.3f}"
    )


def one_by_one(
    search: Callable[[np.ndarray], np.ndarray], queries: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """The ten of each query, and p50 and p99 in ms."""
    for query in queries[:CALLS_FIRST]:
        search(query[None])
    rows, seconds = [], []
    for query in queries:
        start = time.perf_counter()
        rows.append(search(query[None])[0])
        seconds.append(time.perf_counter() - start)
    low, high = np.percentile(seconds, [50, 99]) * 1e3
    return np.stack(rows), float(low), float(high)


def brute_force(args: argparse.Namespace) -> tuple[np.ndarray, float, float, float]:
    torch.set_num_threads(args.threads)
    clips = torch.from_numpy(make(args, args.size)[0])
    before = _mib("RssAnon") - clips.nbytes / 2**20

    def search(query: np.ndarray) -> np.ndarray:
        return (torch.from_numpy(query) @ clips.T).topk(10, dim=1).indices.numpy()

    rows, low, high = one_by_one(search, make(args, args.queries, asking=True)[0])
    return rows, low, high, _mib("RssAnon") - before


def build(args: argparse.Namespace, folder: Path) -> None:
    import faiss

    from raysign.config import GalleryConfig
    from raysign.gallery import Exemplars, Gallery, MadeBy

    faiss.omp_set_num_threads(args.threads)
    clips, sign = make(args, args.size)
    people = Exemplars.from_columns(
        clip_id=[str(number) for number in range(args.size)],
        sign=[f"sign{number}" for number in sign],
        signer=[f"signer{number % 100}" for number in range(args.size)],
        language=["ase"] * args.size,
        source=["synthetic"] * args.size,
    )
    made_by = MadeBy(
        name="synthetic",
        layout="holistic75",
        weights_sha256="0" * 64,
        prepare_fingerprint="none",
        mirrored=False,
        dim=args.dim,
    )
    config = GalleryConfig(kind=args.kind, recall=args.recall)
    start = time.perf_counter()
    gallery = Gallery.build(folder, clips, people, made_by, config, say=print)
    size = sum(mark.bytes for mark in gallery.card.files.marks()) / 2**20
    print(f"built in {time.perf_counter() - start:.1f} s, {size:,.0f} MiB on disk")
    print(gallery.card.index.line())


def searched(
    args: argparse.Namespace, folder: Path
) -> tuple[np.ndarray, float, float, dict[str, float]]:
    import faiss

    from raysign.gallery import Gallery

    faiss.omp_set_num_threads(args.threads)
    own, mapped = _mib("RssAnon"), _mib("RssFile")
    start = time.perf_counter()
    gallery = Gallery.open(folder)
    facts = {"open_s": time.perf_counter() - start}
    queries = make(args, args.queries, asking=True)[0]
    start = time.perf_counter()
    gallery.search(queries[:1], 10)
    facts["first_ms"] = (time.perf_counter() - start) * 1e3
    names = []

    def search(query: np.ndarray) -> np.ndarray:
        hits = gallery.search(query, 10)
        names.append([int(clip.clip_id) for clip in hits.of(0)])
        return hits.rows

    _, low, high = one_by_one(search, queries)
    facts |= {"own_mib": _mib("RssAnon") - own, "mapped_mib": _mib("RssFile") - mapped}
    return np.array(names[CALLS_FIRST:]), low, high, facts


def alone(function: Callable, *args: object) -> tuple:
    """In a process of its own: memory never goes down again."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def measure(args: argparse.Namespace, folder: Path) -> None:
    if not (folder / "gallery.json").exists():
        alone(build, args, folder)
        time.sleep(3)  # until its files count as settled
    opened = [alone(searched, args, folder) for _ in range(2)]
    exact, brute_low, brute_high, brute_mib = alone(brute_force, args)
    found, low, high, facts = opened[1]
    recall = np.mean([len({*a} & {*b}) / 10 for a, b in zip(found, exact, strict=True)])
    print(f"brute force: p50 {brute_low:.2f} ms  p99 {brute_high:.2f} ms  {brute_mib:,.0f} MiB")
    print(
        f"gallery:     p50 {low:.2f} ms  p99 {high:.2f} ms  {facts['own_mib']:,.0f} MiB of its "
        f"own, {facts['mapped_mib']:,.0f} MiB mapped  recall@10 {recall:.4f}"
    )
    print(
        f"start-up: {opened[0][3]['open_s']:.2f} s the first time, {facts['open_s']:.2f} s after; "
        f"first query {facts['first_ms']:.1f} ms"
    )
    print(f"brute force / gallery: p50 {brute_low / low:.1f}, p99 {brute_high / high:.1f}")


def _mib(field: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1_000_000, help="clips in the gallery")
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--signs", type=int, default=0, help="default: 20 clips a sign")
    parser.add_argument("--like", type=Path, metavar="GALLERY", help="show both, measure nothing")
    parser.add_argument("--asking", metavar="STORE:SPLIT", help="with --like: who asks")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--recall", type=float, default=0.98)
    parser.add_argument("--kind", default="auto")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--folder", type=Path, help="keep the gallery here, or take the one there")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.signs, args.shape = args.signs or max(1, args.size // 20), SHAPE
    if bool(args.like) != bool(args.asking):
        parser.error("--like and --asking go together")
    if args.like:
        compare(args)
        return
    print(f"{args.size:,} clips x {args.dim}, {args.threads} threads, {os.cpu_count()} cores")
    if args.folder:
        measure(args, args.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(args, Path(folder) / "gallery")


if __name__ == "__main__":
    main()
