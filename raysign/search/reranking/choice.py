"""Which second stage a gallery is searched with."""

from __future__ import annotations

from functools import cached_property

from raysign.bundle import Bundle
from raysign.config import RerankConfig
from raysign.embed import Embedder
from raysign.errors import BundleError, ConfigError, GalleryError
from raysign.gallery import Gallery
from raysign.ranking import Scoring
from raysign.search.reranking.stage import SecondStage
from raysign.second_stage import Stages, parse_stages

NONE = "none"
RERANKS = (NONE, "csls", "znorm", "dtw", "csls+dtw", "znorm+dtw")
"""What a search may be re-ranked by."""
RERANKED = ("sign_max", "clip")
"""Scorings that go by one clip, whose order a second stage changes."""
FEW_SIGNS = 20
"""In a gallery of fewer nothing is usual, and no second stage is taken that nobody asked for."""


class Reranks:
    """The second stages of an opened gallery and its model; each is made once."""

    def __init__(self, gallery: Gallery, bundle: Bundle, embedder: Embedder) -> None:
        self._gallery, self._bundle, self._embedder = gallery, bundle, embedder
        self._made = dict[str, SecondStage]()

    def named(self, rerank: str | None, scoring: Scoring) -> tuple[str, str | None]:
        """The second stage of a search, and why it is not what was meant.

        Args:
            rerank: what was asked for; None = what the gallery was calibrated with, or else what
                the model was chosen by, as far as this gallery can be searched so.
            scoring: of the search.

        Raises:
            ConfigError, GalleryError, BundleError: see ``check``.
        """
        if rerank is not None:
            return "+".join(self.check(rerank, scoring)) or NONE, None
        confidence = self._gallery.card.confidence
        if confidence is not None:
            return self.meant(confidence.rerank, scoring)
        return self.of_model(scoring)

    def of_model(self, scoring: Scoring) -> tuple[str, str | None]:
        """What the model was chosen by, or none and why."""
        few = len(self._gallery.exemplars.signs) < FEW_SIGNS
        stages = self._bundle.config.evaluate.rerank.stages
        return self.meant(NONE if few else stages or NONE, scoring)

    def meant(self, rerank: str, scoring: Scoring) -> tuple[str, str | None]:
        """A second stage that nobody asked for, where it can be had; none and why where not."""
        if scoring.kind not in RERANKED:
            return NONE, None
        try:
            return "+".join(self.check(rerank, scoring)) or NONE, None
        except (ConfigError, GalleryError, BundleError) as error:
            return NONE, str(error)

    def stage(self, name: str) -> SecondStage | None:
        """Of one of ``RERANKS``."""
        if name == NONE:
            return None
        if name not in self._made:
            config = self._bundle.config.evaluate.rerank
            made = SecondStage(parse_stages(name), self._gallery, self._embedder, config)
            self._made[name] = made
        return self._made[name]

    def check(self, rerank: str, scoring: Scoring) -> Stages:
        """The stages of a name, if this gallery can be searched with them.

        Raises:
            ConfigError: no such stage, or none of one query; the scoring does not go by clips.
            GalleryError: landmarks are to be aligned, and the gallery does not keep them.
            BundleError: frames are to be aligned, and the encoder has none.
        """
        if rerank == NONE:
            return ()
        stages = parse_stages(rerank)
        if "mirror" in stages:
            raise ConfigError(
                "a search asks with the mirror image by --mirror, got --rerank mirror"
            )
        if scoring.kind not in RERANKED:
            raise ConfigError(
                f"a second stage puts clips in another order, got --scoring {scoring.kind}, by "
                f"which all clips of a sign count; give --rerank {NONE}, or --scoring sign_max"
            )
        config = self._bundle.config.evaluate.rerank
        for name, settings in (("csls", config.csls), ("znorm", config.znorm)):
            if name in stages and settings.reference != "gallery":
                raise ConfigError(
                    f"this model has rerank.{name}.reference={settings.reference}, and a search "
                    f"has one query alone; give --rerank {NONE}"
                )
        if "dtw" in stages:
            self._check_aligned(config)
        return stages

    def _check_aligned(self, config: RerankConfig) -> None:
        gallery = self._gallery
        if self._lacking:
            raise GalleryError(
                f"gallery {str(gallery.folder)!r} keeps no landmarks of {self._lacking:,} of its "
                f"{len(gallery):,} clips, which dtw aligns; index them with landmarks=true, or "
                f"give --rerank csls or {NONE}"
            )
        if config.dtw.on == "frames" and not hasattr(self._embedder.encoder, "frames"):
            raise BundleError(
                "this model has rerank.dtw.on=frames, and its encoder has none to align; give "
                f"--rerank csls or {NONE}"
            )

    @cached_property
    def _lacking(self) -> int:
        """Clips without landmarks."""
        return self._gallery.exemplars.without_landmarks()
