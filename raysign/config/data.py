"""Where the clips come from and who may learn from whom."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field

from raysign.config.base import Config, Seed


class SyntheticConfig(Config):
    """The synthetic sign world: made on the spot, no download, no licence."""

    signs: int = Field(default=60, ge=20, le=100_000)
    """How many signs the language has."""
    train_signers: int = Field(default=6, ge=1)
    """Signers in the train split; each signs every sign once."""
    val_signers: int = Field(default=3, ge=1)
    """Signers in the val split, none of whom is in train; each signs every sign once."""
    language: Literal[1, 2] = 1
    """Which of the two languages; their inventories differ, for zero-shot tests."""
    seed: Seed = 0
    """The world's seed: the same seed gives the same bytes."""


KEPT_IN = ("memory", "memory_gib", "cache")
"""Settings of ``DataConfig`` that say where clips are kept, not which."""


class DataConfig(Config):
    """The clips of a run and how they are split."""

    store: str = "synthetic"
    """A store (a folder or an Arrow filesystem URI), or `synthetic` for the embedded world."""
    splits: Literal["own", "signer_disjoint", "sign_disjoint"] = "own"
    """`own`: the dataset's train and val. `signer_disjoint`: no val signer signs in train.
    `sign_disjoint`: val signs are never trained on; their train clips are the gallery.
    """
    val_fraction: float = Field(default=0.2, gt=0, lt=1)
    """Share of signers or signs held out by the two disjoint splits."""
    split_seed: Seed = 0
    """Which signers or signs are held out."""
    duplicates: Literal["keep", "drop"] = "keep"
    """Train clips whose landmarks are byte-identical to a val clip: keep them, or drop them."""
    empty_clips: Literal["refuse", "drop"] = "refuse"
    """Clips in which nothing was ever detected: refuse the store, or drop them and say how many."""
    memory: Literal["auto", "always", "mapped"] = "auto"
    """Where prepared clips are while a run trains. `always`: in memory, once a node. `mapped`: in
    files, made once a node, of which memory holds what is being read; for stores that are larger
    than memory. `auto`: in memory where reading and preparing them takes at most `memory_gib`.
    What a run learns is the same either way.
    """
    memory_gib: float | None = Field(default=None, gt=0)
    """What `memory: auto` may take; null = half of the driver's machine."""
    cache: str | None = Field(default=None, min_length=1)
    """Folder of the mapped files, on each node's own disk or on one that all nodes reach; null =
    `raysign/prepared` in `$XDG_CACHE_HOME` (`~/.cache`). What lies there can be deleted while no
    run reads it.
    """
    synthetic: SyntheticConfig = SyntheticConfig()
    """Read only where `store` is `synthetic`."""

    def at(self, store: str) -> Self:
        """The same of a store that may be on another machine: kept as the defaults say."""
        kept = {name: type(self).model_fields[name].default for name in KEPT_IN}
        return self.model_copy(update={"store": store, **kept})
