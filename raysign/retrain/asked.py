"""Who is asked what: queries and gallery of each declared protocol, alike for all models."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Bool, UInt64

from raysign.errors import ConfigError, SplitError
from raysign.evaluate.embedded import Embedded
from raysign.evaluate.protocols import Rounds, rounds_of
from raysign.evaluate.reranked import own_stages, ranked_through
from raysign.evaluate.sides import Sides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from raysign.bundle import Bundle
    from raysign.clip import Clips
    from raysign.config import ProtocolConfig, RetrainConfig, TrainConfig
    from raysign.ranking import PerQuery
    from raysign.splits import Split

FEWEST = 20
"""Query clips that must be left; with fewer, no interval says anything."""
NOTHING = np.empty(0, np.uint64)
"""What the champion trained on where there is none."""


@dataclass(frozen=True, eq=False)
class Asked:
    """One declared protocol, read."""

    name: str
    protocol: ProtocolConfig
    sides: Sides
    rounds: Rounds
    left_out: int
    """Query clips that do not ask: candidate or champion trained on one that is byte-identical."""
    champion_known: bool
    """Whether it is known what the champion trained on."""

    @classmethod
    def of(
        cls,
        name: str,
        protocol: ProtocolConfig,
        sides: Sides,
        seed: int,
        candidate: UInt64[np.ndarray, "_"],
        champion: UInt64[np.ndarray, "_"] | None,
    ) -> Asked:
        """Who asks whom, of clips that were read.

        ``candidate`` and ``champion`` are what each trained on, by content; None = not known.
        """
        try:
            rounds = rounds_of(
                protocol.protocol, sides, draws=protocol.draws, shots=protocol.shots, seed=seed
            )
        except (ConfigError, SplitError) as error:
            said = _in_settings(str(error), f"protocols.{name}")
            raise type(error)(f"protocol {name!r}: {said}") from None
        clips = np.unique(rounds.asked)
        content = sides.asking.content()
        seen = np.isin(content, candidate) | np.isin(
            content, NOTHING if champion is None else champion
        )
        trained = int(seen[clips].sum())
        if trained and len(clips) - trained < FEWEST:
            raise SplitError(
                f"protocol {name!r}: {trained:,} of its {len(clips):,} queries are among the clips "
                "that the candidate or the champion trained on, which leaves fewer than "
                f"{FEWEST}; give queries that neither did, such as STORE:val"
            )
        if trained:
            rounds = _without(rounds, seen)
        return cls(name, protocol, sides, rounds, trained, champion is not None)

    @property
    def query_sign(self) -> Tensor:
        """The sign of each of ``rounds.asked``, by its number in ``sides``."""
        return torch.from_numpy(self.sides.query_sign[self.rounds.asked])

    @property
    def clip(self) -> np.ndarray:
        """The clip behind each of ``rounds.asked``, [query]; draws ask one clip often."""
        return self.rounds.asked


def read_asked(
    config: RetrainConfig,
    recipe: TrainConfig,
    split: Split[Clips],
    champion: UInt64[np.ndarray, "_"] | None = NOTHING,
) -> tuple[Asked, ...]:
    """All declared protocols, in their order, without the queries that either side trained on.

    A dataset that grew may hold out others than it did when the champion learned.

    Args:
        config: what is declared.
        recipe: of the candidate.
        split: what the candidate learns from.
        champion: what the champion trained on, by content; None = not known.

    Raises:
        SplitError: too few clips for one of them, or too few queries are left.
        ConfigError, StoreError, LayoutError, SealedSplitError, DataError: see
            :func:`raysign.evaluate.evaluate`.
    """
    known: dict[tuple[str | None, str | None], Sides] = {}
    parts = (split.train,) if split.unlabelled is None else (split.train, split.unlabelled)
    candidate = np.concatenate([part.content() for part in parts])
    asked = []
    for name, protocol in config.protocols.items():
        pair = (protocol.queries, protocol.gallery)
        if pair not in known:
            known[pair] = _sides(protocol, recipe, split)
        asked.append(Asked.of(name, protocol, known[pair], config.seed, candidate, champion))
    return tuple(asked)


def _in_settings(said: str, section: str) -> str:
    """What a protocol asks for, in the settings of a re-training: it has no such options."""
    said = re.sub(r"--(protocol(?= \w)|(?:draws|shots)(?= \d)) ", rf"{section}.\1=", said)
    return re.sub(r"--(protocol|queries|gallery|draws|shots)\b", rf"{section}.\1", said)


def _without(rounds: Rounds, clips: Bool[np.ndarray, "clip"]) -> Rounds:
    """The rounds without those queries; a round in which nobody asks goes."""
    pairs = zip(rounds.queries, rounds.galleries, strict=True)
    left = [(asks[~clips[asks]], gallery) for asks, gallery in pairs]
    queries, galleries = zip(*((q, g) for q, g in left if len(q)), strict=True)
    return replace(rounds, queries=tuple(queries), galleries=tuple(galleries))


def _sides(protocol: ProtocolConfig, recipe: TrainConfig, split: Split[Clips]) -> Sides:
    if protocol.queries is not None and protocol.gallery is not None:
        return Sides.read(protocol.queries, protocol.gallery, recipe.data, open_test=False)
    here, how = recipe.data.store, recipe.data.splits
    names = (f"{here}:val", f"{here}:train")
    if how != "own":
        names = (f"{here} (held out, {how})", f"{here} (gallery, {how})")
    return Sides.of(split.queries, split.gallery, *names)


def found_by(bundle: Bundle | None, asked: Sequence[Asked]) -> list[PerQuery]:
    """What a model finds by each protocol; None = the untrained nearest neighbour.

    With the second stage that it was trained and chosen with, since a search has that too. Clips
    that several protocols share are embedded once.
    """
    known: dict[int, Embedded] = {}
    found = []
    for each in asked:
        sides = each.sides
        if id(sides) not in known:
            known[id(sides)] = (
                Embedded.untrained(sides) if bundle is None else Embedded.by_bundle(sides, bundle)
            )
        embedded = known[id(sides)]
        stages = () if bundle is None else own_stages(bundle)
        if bundle is None or not stages:
            found.append(embedded.ranked(each.rounds))
        else:
            found.append(ranked_through(stages[0], bundle, embedded, each.rounds))
    return found
