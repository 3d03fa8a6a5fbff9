"""Which words a word is said with: bags of words by TF-IDF (equations 3 to 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Float16, Integer
from torch import Tensor

from raysign.config import KeywordContextConfig
from raysign.keywords.context.fusion import fused, tune_gamma

Reading = Literal["cos", "one_minus_cos"]


@dataclass(frozen=True, eq=False)
class TfidfContext:
    """A word is likely where the sentence's predictions look like the sentences it was in.

    A training sentence is a document: TF-IDF of its words as scikit-learn has it, tf the count and
    idf = ln((1 + n) / (1 + df)) + 1 (the paper names no variant), to a sum of 1. d_q is the mean of
    the documents that have q (equation 3), and p̃(q) = cos(d_q, p). Equation 4 prints 1 − cos, which
    would prefer words that the sentence does not look like; ``one_minus_cos`` is that.
    """

    documents: Float16[np.ndarray, "word other"]
    """d_q of each word, of unit length; 0 for a word that no training sentence has. In half
    precision, in which a bundle keeps them too."""
    gamma: float
    reading: Reading
    floor: float
    dev_map: float
    """What dev's mAP is at γ."""

    @classmethod
    def fit(
        cls,
        counts: Integer[np.ndarray, "sentence word"],
        p_dev: Float[np.ndarray, "dev word"],
        labels_dev: Bool[np.ndarray, "dev word"],
        config: KeywordContextConfig,
    ) -> TfidfContext:
        """Average the training sentences, and tune γ on dev's mAP.

        Args:
            counts: how often each word is in each training sentence.
            p_dev: the model's probabilities for dev.
            labels_dev: which word is in which sentence of dev.
            config: the reading, the grid of γ and the floor of the logs.
        """
        documents = mean_documents(counts).astype(np.float16)
        made = cls(documents, 1.0, config.tfidf, config.floor, float("nan"))
        context = made.similarity(p_dev)
        gamma, best = tune_gamma(
            p_dev, context, labels_dev, step=config.gamma_step, floor=config.floor
        )
        return replace(made, gamma=gamma, dev_map=best)

    def similarity(
        self, p: Float[np.ndarray, "sentence word"]
    ) -> Float[np.ndarray, "sentence word"]:
        """p̃ (equation 4) in 0–1; a sentence in which nothing is predicted is like no other."""
        length = np.linalg.norm(p, axis=1, keepdims=True)
        along = p @ self.documents.T.astype(p.dtype)
        cosine = np.divide(along, length, out=np.zeros_like(along), where=length > 0).clip(0, 1)
        return np.asarray(cosine if self.reading == "cos" else 1 - cosine)

    def rescore(self, p: Float[np.ndarray, "sentence word"]) -> Float[np.ndarray, "sentence word"]:
        """p′ (equation 6) in 0–1."""
        return fused(p, self.similarity(p), self.gamma, self.floor)

    def crossed(
        self,
        p: Float[np.ndarray, "sentence word"],
        labels: Bool[np.ndarray, "sentence word"],
        half: Bool[np.ndarray, "sentence"],
        step: float,
    ) -> tuple[Float[np.ndarray, "sentence word"], tuple[float, float]]:
        """p′ of sentences that chose γ: each half by the γ that the other chooses, and both γ.

        The γ of all of them is never worse than none in mAP, as 1 is tried too; these can be. Both
        halves are ranked together, so that two γ far apart cost more than either would.

        Args:
            p: the model's probabilities.
            labels: which word is in which sentence.
            half: which sentences are in the second half. A half without a word chooses 1.
            step: of the grid of γ.
        """
        context, out = self.similarity(p), np.empty_like(p)
        chosen = []
        for part in (~half, half):
            other, gamma = ~part, 1.0
            if labels[other].any():
                given = (p[other], context[other], labels[other])
                gamma, _ = tune_gamma(*given, step=step, floor=self.floor)
            out[part] = fused(p[part], context[part], gamma, self.floor)
            chosen.append(gamma)
        return out, (chosen[0], chosen[1])

    def state(self) -> dict[str, Tensor]:
        return {"documents": torch.from_numpy(self.documents)}

    def facts(self) -> dict[str, Any]:
        return {
            "gamma": self.gamma,
            "reading": self.reading,
            "floor": self.floor,
            "dev_map": self.dev_map,
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Tensor], facts: Mapping[str, Any]) -> TfidfContext:
        """What ``state`` and ``facts`` were taken of."""
        return cls(state["documents"].numpy(), **facts)


def mean_documents(
    counts: Integer[np.ndarray, "sentence word"],
) -> Float[np.ndarray, "word other"]:
    """Each word's mean TF-IDF document, to unit length; 0 for a word that is in no sentence."""
    from sklearn.feature_extraction.text import TfidfTransformer

    documents = TfidfTransformer(norm="l1").fit_transform(counts.astype(np.float64))  # sparse
    total = (documents.sign().T @ documents).toarray()
    length = np.linalg.norm(total, axis=1, keepdims=True)  # a mean points where its sum does
    return np.asarray(np.divide(total, length, out=np.zeros_like(total), where=length > 0))
