"""One worker of two: ``python worker_process.py RANK RENDEZVOUS RESULT``.

It takes part in each of ``RUNS`` and saves what it has afterwards to RESULT. The first worker then
does the same again, alone, and adds that.
"""

from __future__ import annotations

import datetime
import sys
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from conftest import tiny_clips, tiny_config

from raysign.batches import TrainingClips
from raysign.config import TrainConfig
from raysign.engine import Training

CONV = {"kind": "conv_transformer", "width": 16, "heads": 2, "groups": 1, "kernel": 3}
CONV |= {"embedding": 8, "dropout": 0, "head_dropout": 0, "drop_path": 0}
GRAPH = {"kind": "st_gcn", "widths": [8, 12], "kernel": 3, "embedding": 8, "dropout": 0}
CONFORMER = {"kind": "conformer", "width": 16, "hand_width": 8, "heads": 2, "depth": 1}
CONFORMER |= {"kernel": 3, "embedding": 8, "dropout": 0, "drop_path": 0}
POSEFORMER = {"kind": "poseformer", "embedding": 16, "heads": 2, "depth": 1}
POSEFORMER |= {"dropout": 0, "drop_path": 0}
TRANSFORMER = {"kind": "transformer", "width": 16, "heads": 2, "depth": 1, "feedforward": 16}
TRANSFORMER |= {"embedding": 8, "dropout": 0}
BOTH = {"kind": "ensemble", "members": [{"encoder": TRANSFORMER}, {"encoder": CONV}]}
MEMORY = {"loss__memory": 60, "loss__memory_start": 0}  # a batch has 24 clips: its ring goes round
RUNS: dict[str, dict[str, Any]] = {
    "supcon": {"loss__kind": "supcon"},
    "supcon with memory": {"loss__kind": "supcon", **MEMORY},
    "arcface": {"loss__kind": "arcface", "encoder": CONV},
    "arcface with sub-centres": {
        "loss__kind": "arcface",
        "loss__subcentres": 2,
        "loss__smoothing": 0.1,
    },
    "arcface, batch norm": {"loss__kind": "arcface", "encoder": GRAPH, "optim__ema": 0.9},
    "proxy_nca": {"loss__kind": "proxy_nca"},
    "supcon_arcface": {"loss__kind": "supcon_arcface"},
    "supcon_arcface with memory": {"loss__kind": "supcon_arcface", **MEMORY, "optim__ema": 0.9},
    "triplet": {"loss__kind": "triplet"},
    "triplet with memory": {"loss__kind": "triplet", "loss__soft": True, **MEMORY},
    "cross_entropy": {"loss__kind": "cross_entropy", "evaluate__mirror": "both"},
    "cross_entropy, linear": {"loss__kind": "cross_entropy", "loss__classifier": "linear"},
    "contrast": {"loss__kind": "contrast"},
    "supcon, conformer": {"loss__kind": "supcon", "encoder": CONFORMER, "optim__ema": 0.9},
    "supcon, poseformer": {"loss__kind": "supcon", "encoder": POSEFORMER},
    "supcon, ensemble": {"loss__kind": "supcon", "encoder": BOTH},
    "masked": {"loss__kind": "masked"},
    "masked, convolutions": {"loss__kind": "masked", "encoder": CONV, "optim__ema": 0.9},
}


def run(config: TrainConfig, clips: TrainingClips) -> dict[str, Any]:
    """Train, and say what the first step and each epoch gave and what stands at the end."""
    training, losses, maps = Training(config, clips), [], []
    named = {**dict(training.encoder.named_parameters()), **dict(training.loss.named_parameters())}
    first: dict[str, Any] = {}

    def on_epoch(epoch: Any) -> None:
        losses.append(epoch.loss)
        maps.append(epoch.metrics())
        if epoch.number == 1:
            first["gradients"] = {n: p.grad.clone() for n, p in named.items() if p.grad is not None}
            first["weights"] = {name: p.detach().clone() for name, p in named.items()}

    training.run(on_epoch)
    return {
        "encoder": config.encoder.kind,
        "first": first,
        "losses": losses,
        "metrics": [{k: v for k, v in m.items() if k.startswith("val/")} for m in maps],
        "weights": {name: p.detach().clone() for name, p in named.items()},
        "loss_state": training.loss.state_dict(),
        "kept": training.kept.state_dict(),
        "embeddings": training._embed(clips.queries),
        "best_metrics": training.best_metrics,
    }


def runs(workers: int) -> dict[str, Any]:
    # 8 signs in batches of 8: one batch an epoch, so that an epoch is one step.
    clips = tiny_clips(signs=8, clips=3)
    # An odd number of queries: the workers' shares are of unequal use.
    odd = np.arange(13)
    asked = type(clips.queries)(*(getattr(clips.queries, n)[odd] for n in vars(clips.queries)))
    clips = TrainingClips(**{**vars(clips), "queries": asked})
    shared = {"workers": workers, "batches__signs": 8, "optim__clip_norm": 1e6, "optim__epochs": 5}
    return {name: run(tiny_config(**shared, **values), clips) for name, values in RUNS.items()}


def main(rank: int, rendezvous: str, result: str) -> None:
    torch.set_num_threads(1)
    patience = datetime.timedelta(seconds=120)
    dist.init_process_group("gloo", f"file://{rendezvous}", patience, rank=rank, world_size=2)
    found = {"together": runs(workers=2)}
    dist.destroy_process_group()
    if rank == 0:
        found["alone"] = runs(workers=1)
    torch.save(found, result)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
