"""Clips or sentences prepared in several ways, each once, in Ray's shared memory.

Where clips are mapped, what is shared is where they are: the first trial of a node that needs a way
of preparing them puts it on the node's disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ray
import torch

from raysign.train.keywords import SentenceSplit, prepare_sentences
from raysign.train.reading import prepared

if TYPE_CHECKING:
    from raysign.batches import TrainingClips
    from raysign.config import KeywordConfig, KeywordPrepareConfig, PrepareConfig, TrainConfig
    from raysign.engine.keywords import TrainingSentences
    from raysign.train.reading import AnySplit

KEPT = 4
"""Ways that are kept; what a running trial holds stays in any case."""


class PreparedClips:
    """Where trials ask for the clips, prepared as their config says.

    One process prepares for all of them, so two trials that prepare alike read the same memory, and
    a trial that ends takes nothing away. It holds no CPU: whoever asks waits meanwhile.
    """

    def __init__(
        self,
        split: AnySplit | SentenceSplit,
        clips: ray.ObjectRef,
        shared: TrainConfig | KeywordConfig,
        threads: int,
    ) -> None:
        """``clips`` are those of the config ``shared``, prepared already."""
        actor: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Preparing)
        self.actor = actor.remote(ray.put(split), [clips], shared.prepare, threads)

    def of(self, config: TrainConfig | KeywordConfig) -> ray.ObjectRef:
        """The clips as a config prepares them.

        Raises the errors of :meth:`raysign.batches.TrainingClips.prepare`, as they are.
        """
        try:
            (clips,) = ray.get(self.actor.clips.remote(config.prepare))
        except ray.exceptions.RayTaskError as error:
            raise error.cause or error from None
        found: ray.ObjectRef = clips
        return found


class _Preparing:
    """The process that prepares."""

    def __init__(
        self,
        split: AnySplit | SentenceSplit,
        clips: list[ray.ObjectRef],
        prepare: PrepareConfig | KeywordPrepareConfig,
        threads: int,
    ) -> None:
        torch.set_num_threads(threads)
        self.split = split
        self.kept = {prepare: clips[0]}

    def clips(self, prepare: Any) -> list[ray.ObjectRef]:
        """A list, because Ray hands out what a bare reference points to."""
        if prepare not in self.kept:
            made = self._prepared(prepare)
            while len(self.kept) >= KEPT:
                del self.kept[next(iter(self.kept))]
            self.kept[prepare] = ray.put(made)
        else:
            self.kept[prepare] = self.kept.pop(prepare)  # the longest unused goes first
        return [self.kept[prepare]]

    def _prepared(self, prepare: Any) -> TrainingClips | TrainingSentences:
        """The split as a config of its own kind says."""
        if isinstance(self.split, SentenceSplit):
            return prepare_sentences(self.split, prepare)
        return prepared(self.split, prepare)
