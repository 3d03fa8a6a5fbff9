"""What every run over the same clips shares: read, split, prepared and measured untrained, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from raysign.baseline import untrained
from raysign.batches import TrainingClips
from raysign.config import KeywordConfig, TrainConfig
from raysign.engine import check_clips
from raysign.ranking import Ranking
from raysign.train.keywords import KeywordMaterial
from raysign.train.reading import AnySplit, prepared, read_split

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Material:
    """A split, its prepared clips, and what the untrained nearest neighbour finds in them."""

    floor: ClassVar = "untrained"
    """The baseline's name among a run's metrics."""
    known_as: ClassVar = "untrained nearest neighbour"
    """The same for people."""
    split: AnySplit
    clips: TrainingClips
    baseline: Ranking

    @classmethod
    def read(cls, config: TrainConfig, say: Say) -> Material:
        """Read and prepare the config's clips, and say what they are.

        Raises:
            DataError: the clips cannot be used; ConfigError: they cannot fill the config's batches.
        """
        split = read_split(config, say)
        clips = prepared(split, config.prepare)
        for note in (*clips.notes, *check_clips(config, clips)):
            say(f"note: {note}")
        baseline = untrained(clips, resamples=config.evaluate.bootstrap)
        frames = int(split.train.num_frames.sum())
        hours = frames / 25 / 3600
        say(
            f"clips: {len(clips.train):,} train of {len(set(clips.train.sign.tolist())):,} signs "
            f"({frames:,} frames, {hours:.1f} h at 25 fps), layout {clips.layout}, "
            f"data {clips.fingerprint}"
        )
        say(f"val: {baseline.card()}")
        say(f"untrained nearest neighbour: {baseline.line()}")
        return cls(split, clips, baseline)

    @property
    def data(self) -> TrainingClips:
        """What trains: the clips."""
        return self.clips

    def untrained(self, prefix: str) -> dict[str, float]:
        """The baseline's figures, their intervals and counts, by the names of a run's metrics."""
        return {f"{prefix}{name}": float(v) for name, v in self.baseline.as_json().items()}


AnyMaterial = Material | KeywordMaterial


def read_material(config: TrainConfig | KeywordConfig, say: Say) -> AnyMaterial:
    """What a config's runs share, of its kind; raises as ``read`` of that does."""
    if isinstance(config, KeywordConfig):
        return KeywordMaterial.read(config, say)
    return Material.read(config, say)
