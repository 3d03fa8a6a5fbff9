"""A world: one language and its signers, from a seed; clips are made where they are asked for."""

from __future__ import annotations

import hashlib
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from raysign.clip import Clip
from raysign.errors import DataError
from raysign.skeleton import HOLISTIC75
from raysign.synthetic.camera import detect
from raysign.synthetic.inventory import Inventory
from raysign.synthetic.performance import FPS, perform
from raysign.synthetic.signers import LEFT_HANDED_EVERY, Signer
from raysign.synthetic.signs import Lexicon, Sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from raysign.config.data import SyntheticConfig

DATASET = "synthetic"
LANGUAGE_CODES = {1: "qaa", 2: "qab"}
"""ISO 639-3 codes that are reserved for private use."""

FRAME_SIZE = 256

_SHARED, _LANGUAGE, _ORDER, _SIGNER, _LEFT_HANDER, _CLIP, _SENTENCE = range(7)


class World:
    """The signs and signers that a ``SyntheticConfig`` names.

    Each draw has a key of its own under the seed: sign i needs (seed, language, i), signer k needs
    (seed, k), a clip all four; so clips can be made in any order, and a bigger world contains the
    smaller one. The signers are bilingual: ``s03`` is the same person in both languages.
    """

    def __init__(self, config: SyntheticConfig) -> None:
        self.config = config
        self.inventory = Inventory.draw(
            shared=self._rng(_SHARED),
            own=self._rng(_LANGUAGE, config.language),
            language=config.language,
        )
        self._lexicon = Lexicon(self.inventory, self._rng(_ORDER, config.language))
        self._signers: dict[int, Signer] = {}

    def __len__(self) -> int:
        """How many clips the world has."""
        return self.config.signs * (self.config.train_signers + self.config.val_signers)

    @cached_property
    def signs(self) -> tuple[Sign, ...]:
        """All signs of the config; for a stream of them, ask ``sign`` one by one."""
        return tuple(self.sign(index) for index in range(self.config.signs))

    @cached_property
    def signers(self) -> tuple[Signer, ...]:
        """All signers of the config: first train's, then val's."""
        total = self.config.train_signers + self.config.val_signers
        return tuple(self.signer(index) for index in range(total))

    def sign(self, index: int) -> Sign:
        """Sign number ``index`` of the language, whether or not the config goes as far."""
        return self._lexicon.sign(index)

    def signer(self, index: int) -> Signer:
        """Signer number ``index``, whether or not the config goes as far."""
        if index < 0:
            raise DataError(f"signers are numbered from 0, got {index}")
        if index not in self._signers:
            ten, place = divmod(index, LEFT_HANDED_EVERY)
            left_hander = self._rng(_LEFT_HANDER, ten).integers(LEFT_HANDED_EVERY)
            rng = self._rng(_SIGNER, index)
            self._signers[index] = Signer.draw(index, rng, left_handed=bool(place == left_hander))
        return self._signers[index]

    def clip(self, sign: Sign, signer: Signer) -> Clip:
        """The signer's clip of the sign; the same bytes each time."""
        language = self.config.language
        rng = self._rng(_CLIP, language, sign.index, signer.index)
        xyz, confidence = detect(perform(sign, signer, rng), signer, rng)
        return Clip(
            clip_id=f"syn{language}-{sign.index:06d}-{signer.name}",
            xyz=xyz,
            layout=HOLISTIC75.name,
            sign=sign.gloss,
            signer=signer.name,
            split=self.split(signer),
            language=LANGUAGE_CODES[language],
            dataset=DATASET,
            fps=float(FPS),
            width=FRAME_SIZE,
            height=FRAME_SIZE,
            confidence=confidence,
        )

    def clips(self, splits: Sequence[str] | None = None) -> Iterator[Clip]:
        """Every signer's clip of every sign, train's signers first, one clip at a time.

        ``splits`` None is both; clips of another one are never made.
        """
        wanted = [who for who in self.signers if splits is None or self.split(who) in splits]
        for signer, index in product(wanted, range(self.config.signs)):
            yield self.clip(self.sign(index), signer)

    def chance_of(self, sentence: str) -> np.random.Generator:
        """What makes the sentence of that name come out as it does, and no other."""
        digest = hashlib.blake2b(sentence.encode(), digest_size=16).digest()
        name = np.frombuffer(digest, dtype="<u4").tolist()
        return self._rng(_SENTENCE, self.config.language, *name)

    def split(self, signer: Signer) -> str:
        """Which split the signer's clips are in."""
        return "train" if signer.index < self.config.train_signers else "val"

    def _rng(self, *key: int) -> np.random.Generator:
        seeds = np.random.SeedSequence(self.config.seed, spawn_key=key)
        return np.random.Generator(np.random.Philox(seeds))


def iter_clips(config: SyntheticConfig, splits: Sequence[str] | None = None) -> Iterator[Clip]:
    """The clips of the world that ``config`` names, one by one; see ``World.clips``."""
    return World(config).clips(splits)
