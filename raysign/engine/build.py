"""Which training a config asks for, and whether it can be had."""

from __future__ import annotations

from raysign.batches import TrainingClips
from raysign.config import KeywordConfig, TrainConfig
from raysign.engine.keywords.sentences import TrainingSentences
from raysign.engine.keywords.training import KeywordTraining
from raysign.engine.loop import Loop
from raysign.engine.start import Start
from raysign.engine.training import Training


def build_training(
    config: TrainConfig | KeywordConfig,
    data: TrainingClips | TrainingSentences,
    start: Start | None = None,
) -> Loop:
    """The training of an encoder of signs, or of a keyword model; the data must be its own.

    Raises as ``check_training``.
    """
    if isinstance(config, KeywordConfig):
        assert isinstance(data, TrainingSentences)
        return KeywordTraining(config, data)
    assert isinstance(data, TrainingClips)
    return Training(config, data, start)


def check_training(
    config: TrainConfig | KeywordConfig, data: TrainingClips | TrainingSentences
) -> None:
    """Refuse what cannot train on the data, with nothing built.

    ``ConfigError`` or ``LayoutError``, as ``check`` of either training says.
    """
    if isinstance(config, KeywordConfig):
        assert isinstance(data, TrainingSentences)
        KeywordTraining.check(config, data)
        return
    assert isinstance(data, TrainingClips)
    Training.check(config, data)
