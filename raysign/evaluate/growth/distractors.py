"""Signs that stand in a gallery and that nobody asks for: chosen by their labels, then embedded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from raysign.clip import Clip, Clips
from raysign.errors import DataError, SplitError
from raysign.evaluate.growth.blocks import BLOCK_CLIPS, Say
from raysign.evaluate.protocols.tally import first_of_each
from raysign.sources import SYNTHETIC, parse_selection
from raysign.store import iter_clips, read_facts
from raysign.synthetic import Sign, World

if TYPE_CHECKING:
    from raysign.config import SyntheticConfig
    from raysign.embed import Embedder

Placed = tuple[Clip, int, int]
"""A clip, the number of its sign among all distractors, and its turn in that sign, from 0."""
SYNTHETIC_SIGNS = 100_000
"""As many as a synthetic world may have (``SyntheticConfig.signs``)."""
PURPOSE = 4
"""Of the random numbers of the choice, beside those of the supports and of the orders."""


@dataclass(frozen=True)
class Source:
    """Of one selection: ``signs`` glosses, and its clips, made or read anew at each call."""

    selection: str
    signs: tuple[str, ...]
    count: int
    clips: Callable[[], Iterator[Placed]]
    too_few: int = 0
    """Signs that were left out: they have fewer clips than there are shots."""
    test: bool = False
    """Whether a clip of the sealed test split is among them."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Clips of distractors, sign by sign: their vectors, their signs' numbers, their turns."""

    clips: Float[Tensor, "clip dim"]
    sign: Int64[np.ndarray, "clip"]
    turn: Int64[np.ndarray, "clip"]
    kinds: frozenset[tuple[str, str]]
    """Datasets and languages that they are of."""
    content: Int64[np.ndarray, "clip"] = field(default_factory=lambda: np.empty(0, np.int64))
    """Equal to that of a query where the two are byte-identical; of no order."""
    card: tuple[dict[str, Any], ...] = ()
    """Of each source."""


def choose(
    selections: Sequence[str],
    taken: np.ndarray,
    *,
    signs: int,
    shots: int,
    synthetic: SyntheticConfig,
    open_test: bool,
    seed: int,
) -> tuple[Source, ...]:
    """Up to ``signs`` signs with ``shots`` clips each; no landmark is read.

    Args:
        selections: ``STORE`` or ``STORE:split`` each, used up in turn; ``synthetic`` has as many
            signs as are needed, of the world's language, by its train signers.
        taken: glosses that are in the gallery or asked for: none of them is a distractor.
        signs: how many are needed.
        shots: clips a sign; signs with fewer are left out.
        synthetic: the world.
        open_test: allow clips of a sealed test split.
        seed: of which signs, and which of their clips, where there are more.

    Raises:
        SplitError: a selection has no sign but those that are taken, or with too few clips.
        StoreError, SealedSplitError: see :mod:`raysign.sources`.
    """
    known, sources, first = {str(sign) for sign in taken}, list[Source](), 0
    for number, selection in enumerate(selections):
        store, split = parse_selection(selection)
        if store == SYNTHETIC:
            source = _made(synthetic, split, known, first, signs - first, shots)
        else:
            rng = np.random.default_rng([seed, number, PURPOSE])
            of = _Selection(store, split, open_test)
            source = of.source(selection, known, first, signs - first, shots, rng)
        if not source.count and signs > first:
            if source.too_few:
                raise SplitError(
                    f"no sign of --distractors {selection} has {shots} clips; give others, or "
                    "lower --shots"
                )
            raise SplitError(
                f"every sign of --distractors {selection} is in the gallery or asked for already; "
                "give clips of other signs"
            )
        sources.append(source)
        known.update(source.signs)
        first += len(source.signs)
    return tuple(sources)


def embed(
    sources: Sequence[Source], models: Sequence[tuple[Embedder, bool]], *, shots: int, say: Say
) -> list[Vectors]:
    """The vectors of all of them by each model, a block of landmarks at a time.

    Clips are made or read once, whatever the number of models. Those without any landmark are left
    out, for they would all be one point; and so are signs that have fewer than ``shots`` clips
    then.

    Args:
        sources: as ``choose`` gives them.
        models: of one layout, each with whether clips stand with their mirror images.
        shots: clips a sign.
        say: is told how far it is.
    """
    vectors, places, contents = [list[Tensor]() for _ in models], list[tuple[int, int]](), []
    total, done = sum(source.count for source in sources), 0
    kinds, cards = set[tuple[str, str]](), list[dict[str, Any]]()
    for source in sources:
        clips, languages, prints = source.clips(), set[str](), list[str]()
        own = len(places)
        while block := list(islice(clips, BLOCK_CLIPS)):
            packed = Clips.pack(clip for clip, _, _ in block)
            there = ~packed.empty()
            done += len(block)
            if there.any():
                packed = packed.select(there)
                for (embedder, mirrored), found in zip(models, vectors, strict=True):
                    found.append(embedder.embed(packed, mirrored).cpu())
                contents.append(packed.content().view(np.int64))
                prints.append(packed.fingerprint())
                languages |= set(packed.language.tolist())
                kinds |= set(zip(packed.dataset.tolist(), packed.language.tolist(), strict=True))
            ours = zip(block, there, strict=True)
            places += [(sign, turn) for (_, sign, turn), kept in ours if kept]
            say(f"distractors: {done:,} of {total:,} clips embedded")
        whole = _with_all_clips([sign for sign, _ in places[own:]], shots)
        cards.append(
            {
                "of": source.selection,
                "signs": int(whole.sum()) // shots,
                "clips": int(whole.sum()),
                "signs_with_too_few_clips": source.too_few,
                "language": ", ".join(sorted(languages - {""})) or "not known",
                "data": prints[0]
                if len(prints) == 1
                else hashlib.sha256(" ".join(prints).encode()).hexdigest()[:16],
            }
        )
    place = np.array(places, dtype=np.int64).reshape(-1, 2)
    kept = np.flatnonzero(_with_all_clips(place[:, 0].tolist(), shots))
    kept = kept[np.lexsort((place[kept, 1], place[kept, 0]))]
    _, sign = np.unique(place[kept, 0], return_inverse=True)
    turn = np.arange(len(sign)) - np.searchsorted(sign, sign)
    content = np.concatenate([np.empty(0, np.int64), *contents])[kept]
    known = sign.astype(np.int64), turn, frozenset(kinds), content, tuple(cards)
    every = (torch.cat(found) if found else torch.empty(0, 1) for found in vectors)
    return [Vectors(found[torch.from_numpy(kept)], *known) for found in every]


def _with_all_clips(sign: Sequence[int], shots: int) -> Bool[np.ndarray, "clip"]:
    clips = np.bincount(np.array(sign, dtype=np.int64), minlength=1)
    return np.asarray(clips[np.array(sign, dtype=np.int64)] >= shots)


def _made(
    config: SyntheticConfig, split: str | None, known: set[str], first: int, need: int, shots: int
) -> Source:
    world, signs, index = World(config), list[Sign](), 0
    people = [who for who in world.signers if world.split(who) == (split or "train")]
    if not people:
        raise SplitError("the synthetic world has the splits train and val, and no test")
    if len(people) < shots:
        option = f"data.synthetic.{split or 'train'}_signers={shots}"
        raise SplitError(
            f"synthetic distractors have {len(people)} clips a sign, one by each signer, and "
            f"{shots} are needed; type {option}"
        )
    try:
        world.sign(max(0, need - 1))  # says at once that there are not so many
        while len(signs) < need:
            sign = world.sign(index)
            index += 1
            if sign.gloss not in known:
                signs.append(sign)
    except DataError:
        raise SplitError(
            f"the synthetic language has no {need:,} signs for --distractors; type --largest "
            f"{SYNTHETIC_SIGNS}"
        ) from None

    def clips() -> Iterator[Placed]:
        for number, sign in enumerate(signs):
            for turn in range(shots):
                signer = people[(number + turn) % len(people)]
                yield world.clip(sign, signer), first + number, turn

    return Source(SYNTHETIC, tuple(sign.gloss for sign in signs), len(signs) * shots, clips)


@dataclass(frozen=True)
class _Selection:
    """The clips of a store, or of a split of it."""

    store: str
    split: str | None
    open_test: bool

    def read(self) -> Iterator[Clip]:
        splits = None if self.split is None else (self.split,)
        return iter_clips(self.store, splits, open_test=self.open_test)

    def source(
        self,
        selection: str,
        known: set[str],
        first: int,
        need: int,
        shots: int,
        rng: np.random.Generator,
    ) -> Source:
        self.read()  # says at once what is wrong with the store or its split
        facts = read_facts(self.store)
        free = np.array([name not in known and name != "" for name in facts.sign.tolist()], bool)
        if self.split is not None:
            free &= facts.split == self.split
        elif not self.open_test:
            free &= facts.split != "test"
        names, clips_of = np.unique(facts.sign[free], return_counts=True)
        signs = rng.permutation(names[clips_of >= shots])[: max(0, need)].tolist()
        too_few = int((clips_of < shots).sum())
        facts = facts.select(free & np.isin(facts.sign, np.asarray(signs, dtype=np.str_)))
        number = {name: place for place, name in enumerate(signs)}
        sign = np.array([number[name] for name in facts.sign.tolist()], dtype=np.int64)
        taken = first_of_each(sign, rng.random(len(sign)), shots)
        turn = np.arange(len(taken)) - np.searchsorted(sign[taken], sign[taken])
        ids = facts.clip_id[taken].tolist()
        place = dict(zip(ids, zip(sign[taken].tolist(), turn.tolist(), strict=True), strict=True))

        def clips() -> Iterator[Placed]:
            for clip in self.read():
                if clip.clip_id in place:
                    at, turn = place[clip.clip_id]
                    yield clip, first + at, turn

        test = bool((facts.split[taken] == "test").any())
        return Source(selection, tuple(signs), len(place), clips, too_few, test)
