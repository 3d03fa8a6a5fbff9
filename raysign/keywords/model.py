"""The whole model of keyword search: encoder, a query vector a word, attention, decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from raysign.config import KeywordConfig
from raysign.encoders.pooling import unit_length
from raysign.keywords.attention import Attention, attended
from raysign.keywords.decision import Decision
from raysign.keywords.encoder import KeywordEncoder
from raysign.skeleton import ChannelMap

PIECE_BYTES = 32 * 2**20
"""Of one [sentence word frame] tensor in float32; about eight of them are held at a time."""
RAREST = 1e-4
"""A share of sentences under this, or over 1 − this, is taken for it: log-odds have no end."""


@dataclass(frozen=True)
class Searched:
    """Some words looked for in some sentences; ``frame_out`` are the encoder's frames."""

    logits: Float[Tensor, "sentence word"]
    """Log-odds that the word is in the sentence."""
    attention: Float[Tensor, "sentence word frame_out"]
    """Where the word looks: sums to 1 over a sentence, 0 after its end."""
    score: Float[Tensor, "sentence word frame_out"]
    """How well each frame matches, β·cos² + θ (equation 1); −inf after the sentence's end."""


class KeywordModel(nn.Module):
    """Every word of a vocabulary, searched in every sentence of a batch.

    What frames that are not shown hold changes nothing, nor does how many of them follow; in
    evaluation sentences do not see each other.
    """

    def __init__(self, config: KeywordConfig, channels: ChannelMap, num_words: int) -> None:
        super().__init__()
        self.encoder = KeywordEncoder(config.encoder, channels)
        self.queries = nn.Parameter(torch.randn(num_words, self.encoder.width))
        self.attention = Attention(config.search)
        self.decision = Decision(config.search, num_words, self.encoder.width)
        self.chunk_words = config.search.chunk_words
        self.starts_at_share = config.search.bias_start == "log_odds"

    @property
    def num_words(self) -> int:
        """How many words are searched."""
        return len(self.queries)

    @property
    def stride(self) -> int:
        """Frames of a sentence for each of the encoder's."""
        return self.encoder.stride

    def start_at(self, share: Float[np.ndarray, "word"]) -> None:
        """Begin with each word's bias at the log-odds of its share of the training sentences.

        Of a vocabulary's labels 1 in 200 is positive: a model that begins at even odds spends its
        first epochs on learning that words are rare. A shared bias begins at the log-odds of the
        mean share; with ``bias_start: zero`` nothing is done.
        """
        if not self.starts_at_share:
            return
        start = torch.as_tensor(share, dtype=torch.float32)
        if len(self.decision.bias) == 1:
            start = start.mean(dim=0, keepdim=True)
        with torch.no_grad():
            self.decision.bias.copy_(torch.logit(start.clamp(RAREST, 1 - RAREST)))

    def forward(
        self,
        channels: Float[Tensor, "sentence frame channel"],
        shown: Bool[Tensor, "sentence frame"] | None = None,
    ) -> Float[Tensor, "sentence word"]:
        """The logit of every word in every sentence, in float32.

        Words are taken piece by piece, and while training a piece is computed again for its
        gradient instead of being kept, so that memory does not grow with the vocabulary.
        """
        frames, shown = self.encode(channels, shown)
        pieces = list(self._pieces(frames))
        if len(pieces) == 1 or not torch.is_grad_enabled():
            found = [self._logits(frames, shown, words) for words in pieces]
        else:
            found = [
                checkpoint(self._logits, frames, shown, words, use_reentrant=False)
                for words in pieces
            ]
        return torch.cat(found, dim=1)

    def search(
        self,
        channels: Float[Tensor, "sentence frame channel"],
        shown: Bool[Tensor, "sentence frame"] | None,
        words: Int64[Tensor, "word"],
    ) -> Searched:
        """Some words by number: their logits, and where in the sentences they look."""
        frames, shown = self.encode(channels, shown)
        with torch.autocast(frames.device.type, enabled=False):
            logits, attention, score = self._found(frames, shown, words)
        if shown is not None:
            attention = attention * shown[:, None]
            score = score.masked_fill(~shown[:, None], -torch.inf)
        return Searched(logits, attention, score)

    def encode(
        self,
        channels: Float[Tensor, "sentence frame channel"],
        shown: Bool[Tensor, "sentence frame"] | None = None,
    ) -> tuple[
        Float[Tensor, "sentence frame_out width"], Bool[Tensor, "sentence frame_out"] | None
    ]:
        """The encoder's frames in float32, and which of them are shown."""
        frames, shown = self.encoder(channels, shown)
        return frames.float(), shown

    def _pieces(self, frames: Float[Tensor, "sentence frame width"]) -> Iterator[slice]:
        """The vocabulary in parts of which each fits ``PIECE_BYTES``."""
        step = self.chunk_words or max(1, PIECE_BYTES // (4 * frames[..., 0].numel() or 1))
        return (slice(first, first + step) for first in range(0, self.num_words, step))

    def _logits(
        self,
        frames: Float[Tensor, "sentence frame width"],
        shown: Bool[Tensor, "sentence frame"] | None,
        words: Tensor | slice,
    ) -> Float[Tensor, "sentence word"]:
        # Not in bfloat16: β times what it rounds off would move the attention.
        with torch.autocast(frames.device.type, enabled=False):
            return self._found(frames, shown, words)[0]

    def _found(
        self,
        frames: Float[Tensor, "sentence frame width"],
        shown: Bool[Tensor, "sentence frame"] | None,
        words: Tensor | slice,
    ) -> tuple[
        Float[Tensor, "sentence word"],
        Float[Tensor, "sentence word frame"],
        Float[Tensor, "sentence word frame"],
    ]:
        queries = self.queries[words]
        score = self.attention(unit_length(frames), unit_length(queries))
        attention = attended(score, shown)
        evidence = self.decision.evidence(frames, score, words)
        if evidence.shape[1] == 1:
            averaged = (attention @ evidence.transpose(1, 2))[..., 0]
        else:
            averaged = (attention * evidence).sum(-1)
        return averaged + self.decision.offset(queries, words), attention, score
