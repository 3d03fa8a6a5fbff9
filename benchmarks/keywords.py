"""One training step of keyword search: every word at once, against a loop over the words.

    python benchmarks/keywords.py

What follows the encoder is timed (attention, decision and loss, forth and back), on random frames:
the encoder costs both ways the same. The loop is the equations as they are written, word by word;
both give the same loss. Then the cost as sentences, their length and the vocabulary double, as
ratios; linear is 2. Memory is the peak of the process over what it held before, in a process of its
own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from raysign.config import KeywordConfig
from raysign.keywords.loss import word_losses
from raysign.keywords.model import KeywordModel
from raysign.skeleton import KEYWORD_LAYOUTS, ChannelMap

WIDTH = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=32)
    parser.add_argument("--frames", type=int, default=30, help="of the encoder")
    parser.add_argument("--words", type=int, default=1085)
    parser.add_argument("--decision", default="per_word")
    parser.add_argument("--largest", action="store_true", help="3,000 words × 32 × 1,000 as well")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(step(**json.loads(options.one))))
        return
    size = {name: getattr(options, name) for name in ("sentences", "frames", "words", "decision")}
    print("sentences × frames × words        seconds     MB     loss")
    loop, whole = (alone(**size, way=way) for way in ("loop", "whole"))
    row("the loop over words", size, loop)
    row("every word at once", size, whole)
    print(
        f"the loop ÷ at once: {loop['seconds'] / whole['seconds']:.1f} × the time, "
        f"{loop['mb'] / max(whole['mb'], 1):.1f} × the memory"
    )
    for name in ("sentences", "frames", "words"):
        doubled = alone(**size | {name: 2 * size[name]}, way="whole")
        row(f"twice the {name}", size | {name: 2 * size[name]}, doubled)
        print(
            f"  × {doubled['seconds'] / whole['seconds']:.2f} the time, "
            f"× {doubled['mb'] / max(whole['mb'], 1):.2f} the memory"
        )
    if options.largest:
        large = {**size, "sentences": 32, "frames": 1000, "words": 3000}
        row("the largest", large, alone(**large, way="whole", repeats=1))


def row(name: str, size: dict[str, int], found: dict[str, float]) -> None:
    shape = f"{size['sentences']} × {size['frames']} × {size['words']:,}"
    print(f"{name:<22}{shape:<20}{found['seconds']:>8.3f}{found['mb']:>8.0f}{found['loss']:>9.4f}")


def alone(**size: int | str) -> dict[str, float]:
    """``step`` in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--one", json.dumps(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def step(
    sentences: int, frames: int, words: int, decision: str, way: str, repeats: int = 3
) -> dict[str, float]:
    """Seconds (the best of some), MB over the start's, and the loss."""
    torch.manual_seed(0)
    config = KeywordConfig(
        search={"decision": decision}, encoder={"widths": (8, WIDTH), "stride": 1}
    )
    model = KeywordModel(config, ChannelMap(KEYWORD_LAYOUTS["body"], 3, ("position",)), words)
    encoded = torch.randn(sentences, frames, WIDTH, requires_grad=True)
    model.encode = lambda *_: (encoded, None)  # type: ignore[method-assign]
    labels = torch.rand(sentences, words) < 0.005
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = float("inf")
    for _ in range(repeats if way == "whole" else 1):
        started = time.perf_counter()
        logits = model(encoded) if way == "whole" else word_by_word(model, encoded)
        loss = word_losses(logits, labels, config.loss).mean()
        loss.backward()
        seconds = min(seconds, time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "mb": (peak - before) / 1024, "loss": loss.item()}


def word_by_word(model: KeywordModel, frames: Tensor) -> Tensor:
    """Equations 1 and 2 and the decision, one word after the other, all sentences at once."""
    logits = []
    for number, query in enumerate(model.queries):
        score = model.attention.beta * cosine_similarity(query, frames, dim=-1) ** 2
        score = score + model.attention.theta
        weight = score.softmax(dim=1)
        if model.decision.kind == "match":
            logit = (weight * score).sum(1)
        else:
            context = (weight[..., None] * frames).sum(1)
            layer = model.decision.weight
            own = layer[number if model.decision.kind == "per_word" else 0]
            logit = nn.functional.linear(context, own)
            if model.decision.kind == "cq":
                logit = logit + query @ layer[1]
        logits.append(logit + model.decision.bias[number])
    return torch.stack(logits, dim=1)


if __name__ == "__main__":
    main()
