"""The sentences that a keyword model is asked: none that it was trained on, and it is said which
chose something of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from raysign.bundle import KeywordBundle
from raysign.errors import SplitError
from raysign.sentences import Sentences
from raysign.sources import parse_selection
from raysign.splits import signed_by_shared
from raysign.store import load_sentences
from raysign.store.opening import open_store


@dataclass(frozen=True, eq=False)
class Asked:
    """What is left of a selection."""

    sentences: Sentences
    selection: str
    """With its split, also where that was not given."""
    trained_on: int
    """Sentences that were left out, since a model was trained on them."""
    notes: tuple[str, ...] = ()
    """What else was left out."""

    @classmethod
    def read(
        cls, selection: str, bundles: Sequence[KeywordBundle], *, open_test: bool = False
    ) -> Asked:
        """Read a selection, and leave out what any of the models was trained on.

        Without a split it is val; of a store that has no val, all that is not sealed. Errors as of
        :func:`raysign.store.load_sentences`, and ``SplitError`` where nothing is left.
        """
        store, split = parse_selection(selection)
        if split is None and "val" in open_store(store).text("split"):
            split, selection = "val", f"{store}:val"
        found = load_sentences(store, None if split is None else (split,), open_test=open_test)
        found, empty = found.with_frames()
        trained = np.zeros(len(found), dtype=bool)
        for bundle in bundles:
            if bundle.learned is not None:
                trained |= bundle.learned.trained_on(found.clips.content())
        if trained.all():
            raise SplitError(
                f"all {len(found):,} sentences of {selection!r} were trained on, and say nothing "
                "of any other; give others, such as STORE:val"
            )
        kept = found.select(~trained) if trained.any() else found
        return cls(kept, selection, int(trained.sum()), empty)

    @property
    def opened_test(self) -> bool:
        """Whether sentences of the test split are among them."""
        return bool((self.sentences.clips.split == "test").any())

    def test_data(self) -> tuple[str, ...]:
        """The fingerprint of those of the test split."""
        of_test = self.sentences.clips.split == "test"
        return (self.sentences.select(of_test).fingerprint(),) if of_test.any() else ()

    def card(self) -> dict[str, Any]:
        """Which sentences they are."""
        by = self.sentences.signed_by()
        names = {signer for each in by for signer in each} - {""}
        unnamed = sum("" in each for each in by)
        signers = f"{len(names):,} signer{'' if len(names) == 1 else 's'}"
        return {
            "sentences": self.selection,
            "trained_on_left_out": self.trained_on,
            "notes": list(self.notes),
            "signers": signers
            + (f" and {unnamed:,} sentences of unknown signers" if unnamed else ""),
            "data": self.sentences.fingerprint(),
        }

    def card_for(self, bundle: KeywordBundle) -> dict[str, Any]:
        """What one of the models has to do with them."""
        learned, by = bundle.learned, self.sentences.signed_by()
        if learned is None:
            overlap = "the model does not say which sentences and signers it was trained on"
        else:
            overlap = signed_by_shared(by, learned.signers, "in its training sentences")
        return {
            "signer_overlap": overlap,
            "tuned_on": int(tuned(bundle, self.sentences).sum()),
            "tuned_on_known": learned is not None,
        }


def tuned(bundle: KeywordBundle, sentences: Sentences) -> Bool[np.ndarray, "sentence"]:
    """Which sentences chose the epoch, γ, and when the MLP stopped, and told how sure to be.

    Where the model does not say it may be any that is not of a test split.
    """
    if bundle.learned is None:
        return np.asarray(sentences.clips.split != "test")
    return bundle.learned.tuned_on(sentences.clips.content())
