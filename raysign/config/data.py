"""Where the clips come from and who may learn from whom."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from raysign.config.base import Config


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
    seed: int = Field(default=0, ge=0)
    """The world's seed: the same seed gives the same bytes."""


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
    split_seed: int = Field(default=0, ge=0)
    """Which signers or signs are held out."""
    duplicates: Literal["keep", "drop"] = "keep"
    """Train clips whose landmarks are byte-identical to a val clip: keep them, or drop them."""
    empty_clips: Literal["refuse", "drop"] = "refuse"
    """Clips in which nothing was ever detected: refuse the store, or drop them and say how many."""
    synthetic: SyntheticConfig = SyntheticConfig()
    """Read only where `store` is `synthetic`."""
