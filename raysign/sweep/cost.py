"""What a trial's model costs: its parameters, and the time that one query takes."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from raysign.batches import TrainingClips
from raysign.config import KeywordConfig, TrainConfig
from raysign.embed import Embedder
from raysign.encoders import build_encoder, count_parameters
from raysign.engine import choose_device
from raysign.engine.keywords import PreparedSentences, TrainingSentences, logits_of
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences
from raysign.pose import Prepare
from raysign.skeleton import layout_named

QUERY_FRAMES = 60
"""Length of the clip that latency is measured on: 2.4 s at 25 fps,"""
SENTENCE_FRAMES = 120
"""and of the sentence: 4.8 s."""
ROUNDS = 15


def cost(
    config: TrainConfig | KeywordConfig, data: TrainingClips | TrainingSentences
) -> dict[str, float]:
    """``parameters`` of the model, and ``latency_ms``.

    That is from one query's landmarks to its embedding, with its mirror image where
    ``evaluate.mirror`` has queries ask with it; or from one sentence's to the log-odds of all
    words. The fastest of 15, on the trial's device with the trial's threads: other trials may run
    beside.
    """
    if isinstance(config, KeywordConfig):
        assert isinstance(data, TrainingSentences)
        return _of_words(config, data)
    return _of_signs(config, data.layout)


def _of_signs(config: TrainConfig, layout: str) -> dict[str, float]:
    prepare = Prepare(config.prepare, layout_named(layout))
    encoder = build_encoder(config.encoder, prepare.channel_map).to(choose_device(config.device))
    embedder = Embedder(prepare, encoder.eval())
    query = _anything(prepare.layout.num_joints, QUERY_FRAMES)
    mirrored = config.evaluate.mirror != "none"
    fastest = _fastest(lambda: embedder.embed_padded(query[None], mirrored=mirrored))
    return {"parameters": float(count_parameters(encoder)), "latency_ms": fastest}


def _of_words(config: KeywordConfig, data: TrainingSentences) -> dict[str, float]:
    prepare = PrepareSentences(config.prepare, layout_named(data.layout))
    model = KeywordModel(config, prepare.channel_map, len(data.vocabulary))
    model.to(choose_device(config.device))
    sentence = _anything(prepare.layout.num_joints, SENTENCE_FRAMES)

    def search() -> None:
        geometry = prepare.geometry(sentence)
        ends = np.array([0, len(geometry)], dtype=np.int64)
        logits_of(model, prepare, PreparedSentences(geometry, ends), 1)

    return {"parameters": float(count_parameters(model)), "latency_ms": _fastest(search)}


def _anything(joints: int, frames: int) -> np.ndarray:
    return np.random.default_rng(0).random((frames, joints, 3), dtype=np.float32)


def _fastest(once: Callable[[], object]) -> float:
    """Milliseconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        once()
        times.append(1000 * (time.perf_counter() - started))
    return min(times)
