"""One worker of two: ``python worker_process.py RANK RENDEZVOUS RESULT``; see the one of signs."""

from __future__ import annotations

import datetime
import sys
from typing import Any

import torch
import torch.distributed as dist
from conftest import tiny_config, tiny_sentences

from raysign.config import KeywordConfig
from raysign.engine import Epoch
from raysign.engine.keywords import KeywordTraining

CONV = {"kind": "conv_transformer", "width": 16, "heads": 2, "groups": 1, "kernel": 3}
CONV |= {"dropout": 0, "drop_path": 0}
RUNS: dict[str, dict[str, Any]] = {
    "match": {"encoder": CONV},
    "c, uneven shares": {"encoder": CONV, "search__decision": "c", "batches__sentences": 14},
    "cq, in chunks": {"encoder": CONV, "search__decision": "cq", "search__chunk_words": 3},
    "per word, transformer": {
        "encoder": {**CONV, "kind": "transformer", "depth": 1} | {},
        "search__decision": "per_word",
    },
    "batch norm": {"optim__ema": 0.9},
}
for _name in ("groups", "kernel"):
    RUNS["per word, transformer"]["encoder"].pop(_name)


def run(config: KeywordConfig) -> dict[str, Any]:
    """Train, and say what each epoch gave and what stands at the end."""
    training, epochs = KeywordTraining(config, tiny_sentences(config, 61)), []

    def on_epoch(epoch: Epoch) -> None:
        epochs.append({"loss": epoch.loss, **epoch.figures})

    training.run(on_epoch)
    return {
        "epochs": epochs,
        "weights": {name: p.detach().clone() for name, p in training.model.named_parameters()},
        "kept": training.kept.state_dict(),
        "logits": torch.from_numpy(training._logits(training.sentences.val.sentences)),
    }


if __name__ == "__main__":
    rank, rendezvous, result = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    torch.set_num_threads(1)
    wait = datetime.timedelta(seconds=300)
    dist.init_process_group("gloo", f"file://{rendezvous}", wait, 2, rank)
    found = {}
    for name, settings in RUNS.items():
        found[name] = run(tiny_config(optim__epochs=2, workers=2, **settings))
    dist.destroy_process_group()
    alone = {}
    if rank == 0:
        for name, settings in RUNS.items():
            alone[name] = run(tiny_config(optim__epochs=2, **settings))
    torch.save({"together": found, "alone": alone}, result)
