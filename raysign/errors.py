"""Every error that raysign raises on purpose.

A message says what was wrong, what was got, and what to type next, in one line; the doors print it
as ``error: …`` and exit 2. Anything else that escapes is a bug and exits 1.

    RaysignError
    ├── ConfigError            a config, override or option that does not fit its type
    │   └── SpaceError         a search space that does not fit the config
    ├── DataError              clips that cannot be used as asked
    │   ├── StoreError         a store that is missing, empty, foreign or damaged
    │   ├── LayoutError        a layout that this part does not know
    │   ├── GalleryError       a gallery that is missing, damaged, empty or another model's
    │   ├── WordError          a word that is not in the vocabulary
    │   ├── SplitError         a split that is missing, or has nothing to find
    │   └── SealedSplitError   the test split, asked for where it may not be read
    ├── BundleError            a model that cannot be found, read or trusted
    ├── TrackingError          an MLflow server that cannot be reached or refuses
    ├── TrainingError          a training or sweep that cannot start or did not finish
    └── ExtractionError        an extraction that cannot start, or in which too many clips failed
        └── VideoError         a video that cannot be decoded; costs its clip, never the run
"""

from __future__ import annotations


class RaysignError(Exception):
    """Base of all errors that are the input's fault, not the program's."""


class ConfigError(RaysignError):
    """A config, override or option does not fit its type."""


class SpaceError(ConfigError):
    """A search space does not fit the config it is meant to search."""


class DataError(RaysignError):
    """Clips cannot be used as asked."""


class StoreError(DataError):
    """A store is missing, empty, foreign or damaged."""


class LayoutError(DataError):
    """A layout is unknown, or is not one that this part can take."""


class GalleryError(DataError):
    """A gallery is missing, damaged, empty, or of another model."""


class GalleryChangedError(GalleryError):
    """Another process changes a gallery, or has since it was opened."""


class WordError(DataError):
    """A word is not in the vocabulary that is searched."""


class SplitError(DataError):
    """A split is missing, or has nothing to find in it."""


class SealedSplitError(DataError):
    """The test split was asked for where it may not be read."""

    @classmethod
    def of(cls, store: str) -> SealedSplitError:
        """Of a store whose test clips somebody asked for who may not have them."""
        return cls(
            f"the test split of {store!r} is sealed; only --open-test of `raysign evaluate`, "
            "`table`, `growth`, `keywords evaluate` and `keywords table` reads it, and records "
            "that it did"
        )


class BundleError(RaysignError):
    """A model cannot be found, read or trusted."""


class TrackingError(RaysignError):
    """The MLflow server cannot be reached, or refuses."""


class TrainingError(RaysignError):
    """A training or a sweep cannot start, or did not finish."""


class ExtractionError(RaysignError):
    """An extraction cannot start, or too many of its clips failed."""


class VideoError(ExtractionError):
    """A video cannot be decoded."""
