"""A perceptron from a sentence's predictions to its words (section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from raysign.config import KeywordContextConfig
from raysign.errors import DataError


@dataclass(frozen=True, eq=False)
class MlpContext:
    """|V| → 256 → 256 → |V| with ReLU and dropout .2, as published, from p to the labels."""

    network: nn.Sequential
    hidden: tuple[int, ...]
    """Widths of the hidden layers."""
    epochs: int
    """After how many the weights were kept."""
    dev_loss: float
    """Binary cross-entropy a word there, in nats."""

    @classmethod
    def fit(
        cls,
        p_train: Float[np.ndarray, "sentence word"],
        labels_train: Bool[np.ndarray, "sentence word"],
        p_dev: Float[np.ndarray, "dev word"],
        labels_dev: Bool[np.ndarray, "dev word"],
        config: KeywordContextConfig,
        *,
        seed: int,
    ) -> MlpContext:
        """Train with Adam until dev's loss has not fallen for ``mlp_patience`` epochs.

        The weights of the lowest dev loss are kept. The same seed gives the same weights, and the
        random state of whoever calls stays as it was.

        Args:
            p_train: the trained model's probabilities for its own training sentences.
            labels_train: which word is in which of them.
            p_dev: its probabilities for dev.
            labels_dev: likewise.
            config: size and training.
            seed: of weights, batches and dropout.

        Raises:
            DataError: a probability is NaN.
        """
        if np.isnan(p_train).any() or np.isnan(p_dev).any():
            raise DataError("a probability is NaN; the model that made it is broken")
        given, wanted, asked, answer = (
            torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32))
            for part in (p_train, labels_train, p_dev, labels_dev)
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = _network(given.shape[1], config.mlp_hidden, config.mlp_dropout)
            adam = torch.optim.Adam(network.parameters(), lr=config.mlp_lr)
            best, kept, state = float("inf"), 0, deepcopy(network.state_dict())
            for epoch in range(1, config.mlp_epochs + 1):
                network.train()
                for index in torch.randperm(len(given)).split(config.mlp_batch):
                    adam.zero_grad()
                    binary_cross_entropy_with_logits(
                        network(given[index]), wanted[index]
                    ).backward()
                    adam.step()
                network.eval()
                with torch.inference_mode():
                    loss = float(binary_cross_entropy_with_logits(network(asked), answer))
                if loss < best:
                    best, kept, state = loss, epoch, deepcopy(network.state_dict())
                elif epoch - kept >= config.mlp_patience:
                    break
        network.load_state_dict(state)
        return cls(network.eval(), config.mlp_hidden, kept, best)

    def rescore(self, p: Float[np.ndarray, "sentence word"]) -> Float[np.ndarray, "sentence word"]:
        """The probabilities of all words, given the model's own of all words."""
        with torch.inference_mode():
            given = torch.from_numpy(np.ascontiguousarray(p, dtype=np.float32))
            out: np.ndarray = self.network(given).sigmoid().numpy()
        return out

    def state(self) -> dict[str, Tensor]:
        return {name: tensor.contiguous() for name, tensor in self.network.state_dict().items()}

    def facts(self) -> dict[str, Any]:
        return {"hidden": list(self.hidden), "epochs": self.epochs, "dev_loss": self.dev_loss}

    @classmethod
    def of_state(cls, state: Mapping[str, Tensor], facts: Mapping[str, Any]) -> MlpContext:
        """What ``state`` and ``facts`` were taken of."""
        hidden = tuple(map(int, facts["hidden"]))
        network = _network(state["0.weight"].shape[1], hidden, dropout=0.0)
        network.load_state_dict(dict(state))
        return cls(network.eval(), hidden, int(facts["epochs"]), float(facts["dev_loss"]))


def _network(words: int, hidden: tuple[int, ...], dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    width = words
    for wide in hidden:
        layers += [nn.Linear(width, wide), nn.ReLU(), nn.Dropout(dropout)]
        width = wide
    return nn.Sequential(*layers, nn.Linear(width, words))
