"""What every run over the same sentences shares: read, split, prepared, and the floors measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from raysign.engine.keywords import Part, TrainingSentences
from raysign.keywords.baselines import by_frequency, chance, floor
from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.vocabulary import PLURAL
from raysign.ranking import Figure, short
from raysign.skeleton import layout_named
from raysign.train.keywords.bundling import protocol
from raysign.train.keywords.reading import SentenceSplit, read_sentences

if TYPE_CHECKING:
    from raysign.config import KeywordConfig, KeywordPrepareConfig
    from raysign.train.material import Say


@dataclass(frozen=True, eq=False)
class KeywordMaterial:
    """A split, its prepared sentences, and what knowing nothing of a sentence finds in them."""

    floor: ClassVar = "floor"
    """The baseline's name among a run's metrics: the better of chance and frequency in each."""
    known_as: ClassVar = "random order"
    """Whose mAP that is, for people."""
    split: SentenceSplit
    data: TrainingSentences
    baseline: Mapping[str, float]
    """``map`` and ``max_f1`` of the floor, with intervals; ``chance_…`` and ``frequency_…``: of
    either alone.
    """

    @classmethod
    def read(cls, config: KeywordConfig, say: Say) -> KeywordMaterial:
        """Read and prepare the config's sentences, and say what they are.

        Raises as :func:`raysign.train.keywords.reading.read_sentences`.
        """
        split = read_sentences(config.data)
        data = prepare_sentences(split, config.prepare)
        for note in data.notes:
            say(f"note: {note}")
        train = data.train
        frames = int(train.sentences.offsets[-1])
        say(
            f"sentences: {len(train):,} train ({frames:,} frames, "
            f"{frames / config.prepare.fps / 3600:.1f} h), {len(data.vocabulary):,} different "
            f"{PLURAL[data.vocabulary.kind]}, layout {data.layout}, data {data.fingerprint}"
        )
        say(f"val: {protocol(data)}")
        baseline = _floors(config, data)
        say(
            f"who knows nothing of a sentence: mAP {_figure(baseline, 'map')} in random order "
            f"({short(baseline['frequency_map'])} where all tie), maxF1 "
            f"{_figure(baseline, 'max_f1')} by frequency in training "
            f"({short(baseline['chance_max_f1'])} with everything retrieved)"
        )
        return cls(split, data, baseline)

    @property
    def protocol(self) -> str:
        """What all figures are measured on, in one line."""
        return protocol(self.data)

    def untrained(self, prefix: str) -> dict[str, float]:
        """The baseline's figures, by the names of a run's metrics."""
        return {f"{prefix}{name}": value for name, value in self.baseline.items()}


def prepare_sentences(split: SentenceSplit, config: KeywordPrepareConfig) -> TrainingSentences:
    """Prepare a split once, for every trial and worker that shares it."""
    layout = split.train.clips.layout
    prepare = PrepareSentences(config, layout_named(layout))
    return TrainingSentences(
        layout=layout,
        train=Part.of(split.train, prepare, split.vocabulary),
        val=Part.of(split.val, prepare, split.vocabulary),
        vocabulary=split.vocabulary,
        fingerprint=f"{split.train.fingerprint()[:8]}{split.val.fingerprint()[:8]}",
        signer_overlap=split.signer_overlap,
        notes=split.notes,
    )


def _floors(config: KeywordConfig, data: TrainingSentences) -> dict[str, float]:
    labels, frequency = data.val.labels, data.train.labels.mean(axis=0)
    tied = by_frequency(frequency, labels)
    drawn = floor(frequency, labels, resamples=config.evaluate.bootstrap)
    floors: dict[str, float] = {}
    for name, by_chance in chance(labels).items():
        sure = drawn.figure(name)
        floors |= {name: sure.value, f"{name}_low": sure.low, f"{name}_high": sure.high}
        floors |= {f"chance_{name}": by_chance, f"frequency_{name}": getattr(tied, name)}
    return floors


def _figure(metrics: Mapping[str, float], name: str) -> Figure:
    return Figure(metrics[name], metrics[f"{name}_low"], metrics[f"{name}_high"])
