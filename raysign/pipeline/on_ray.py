"""Extraction on Ray Data: a pool of actors, one MediaPipe graph and one core each."""

from __future__ import annotations

import json
import logging
import os
import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import ray
import ray.data

from raysign.clip import Clip
from raysign.errors import ExtractionError
from raysign.extract import Extracted, Extractor, fingerprint
from raysign.manifest import Outcome, VideoClip
from raysign.pipeline.cores import Core
from raysign.pipeline.reach import extract
from raysign.skeleton import layout_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from raysign.config import ExtractConfig

BLOCKS = 20_000
"""Blocks that the rows are cut into at most: one row each while there are fewer rows."""
COST = ("seconds", "landmark_seconds", "landmark_frames", "memory_bytes")
ROWS_PER_BLOCK = 32
"""At most: what a block gives comes when all of it is done."""


class OnRay:
    """Streams rows through the cluster's cores; what comes out comes in any order."""

    def __init__(self, workers: int | None = None) -> None:
        """``workers`` extractors at a time; None: one for every core, as many as there come."""
        self.workers = workers

    def __call__(
        self, rows: Iterable[tuple[int, VideoClip]], config: ExtractConfig
    ) -> Iterator[tuple[int, Extracted]]:
        """What comes out of each row."""
        items = [{"row": n, "video": json.dumps(asdict(video))} for n, video in rows]
        if not items:
            return
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        per_block = min(ROWS_PER_BLOCK, -(-len(items) // BLOCKS))
        extracted = ray.data.from_items(items, override_num_blocks=-(-len(items) // per_block)).map(
            _Extracting,  # type: ignore[arg-type]  # Ray takes a class for actors
            fn_constructor_args=(config.model_dump_json(), fingerprint(config)),
            compute=self._pool(len(items)),
            num_cpus=1,
        )
        for found in extracted.iter_rows():
            if found["refused"]:
                raise ExtractionError(found["refused"])
            yield _unpacked(found)

    def _pool(self, rows: int) -> Any:
        cores = int(ray.cluster_resources().get("CPU", 1))
        if self.workers:
            return ray.data.ActorPoolStrategy(size=min(self.workers, rows))
        least = max(1, min(cores, rows))
        if os.environ.get("RAY_ADDRESS"):
            # A cluster may grow; an actor that finds no place waits for one.
            return ray.data.ActorPoolStrategy(min_size=least, max_size=max(least, rows))
        return ray.data.ActorPoolStrategy(size=least)


class _Extracting:
    """An actor: it holds a core, and the process in which MediaPipe runs.

    What keeps it from working is an answer: an exception would come as a page of Ray's.
    """

    def __init__(self, config: str, extractor: str) -> None:
        from raysign.config import ExtractConfig

        settings = ExtractConfig.model_validate_json(config)
        self.core, self.refused = Core(), ""
        try:
            if (here := fingerprint(settings)) != extractor:
                self.refused = (
                    f"node {platform.node()!r} has another MediaPipe, PyAV or model than the node "
                    f"that the job runs on (fingerprint {here}, not {extractor}): install the same"
                )
                return
            self.extractor = Extractor(settings, cpu=self.core.number)
        except ExtractionError as error:
            self.refused = str(error)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        video = VideoClip(**json.loads(row["video"]))
        found = Extracted(None, Outcome(video.clip_id, video.path, "failed"))
        try:
            if not self.refused:
                found = extract(self.extractor, video)
        except ExtractionError as error:  # no process can be started any more
            self.refused = str(error)
        return {"row": int(row["row"]), "refused": self.refused, **_packed(found)}


def _packed(found: Extracted) -> dict[str, Any]:
    """As numbers, text and bytes: ragged arrays do not survive a trip through Arrow blocks."""
    facts: dict[str, Any] = {}
    arrays = {"xyz": b"", "confidence": b""}
    if found.clip is not None:
        facts = {k: v for k, v in vars(found.clip).items() if k not in arrays}
        arrays["xyz"] = found.clip.xyz.astype(np.float16).tobytes()
        if found.clip.confidence is not None:
            arrays["confidence"] = found.clip.confidence.astype(np.float16).tobytes()
    return {
        "outcome": json.dumps(asdict(found.outcome)),
        "clip": json.dumps(facts),
        "cost": json.dumps({name: getattr(found, name) for name in COST}),
        **arrays,
    }


def _unpacked(row: dict[str, Any]) -> tuple[int, Extracted]:
    facts = json.loads(row["clip"])
    clip = None
    if facts:
        joints = layout_named(facts["layout"]).num_joints
        xyz = np.frombuffer(row["xyz"], np.float16).reshape(-1, joints, 3)
        seen = np.frombuffer(row["confidence"], np.float16).reshape(-1, joints)
        clip = Clip(**facts, xyz=xyz, confidence=seen if len(seen) else None)
    found = Extracted(
        clip=clip,
        outcome=Outcome(**json.loads(row["outcome"])),
        **json.loads(row["cost"]),
    )
    return int(row["row"]), found
