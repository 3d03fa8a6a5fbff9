"""What the driver says and records while others train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from raysign.errors import TrackingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from raysign.config import KeywordConfig, TrainConfig
    from raysign.tracking import Tracker
    from raysign.train.recording import Recorder


SHOWN = {
    "val/map": "val mAP",
    "val/max_f1": "maxF1",
    "val/recall_at_1": "R@1",
    "val/recall_at_10": "R@10",
}
"""What a person is told of an epoch, as far as it was measured."""


def finish(
    tracker: Tracker,
    run_id: str,
    status: Literal["FINISHED", "FAILED", "KILLED"],
    say: Callable[[str], None],
) -> None:
    """End a run; where MLflow does not take that, the work's own error is the one to be seen."""
    try:
        tracker.finish(run_id, status)
    except TrackingError as error:
        say(f"note: run {run_id} is not marked as {status.lower()}: {error}")


def warn_below(
    untrained: float,
    trained: float,
    say: Callable[[str], None],
    whose: str = "untrained nearest neighbour",
) -> None:
    """Say so where training has not even reached the floor."""
    if trained <= untrained:
        say(
            f"note: val mAP {trained:.3f} is not above the {whose}'s {untrained:.3f}: more epochs "
            "or other settings are needed before it is of use"
        )


class Progress:
    """A line that a person can read for every epoch, and its metrics in MLflow.

    Who trains has noted them before.
    """

    def __init__(
        self,
        config: TrainConfig | KeywordConfig,
        recorder: Recorder,
        say: Callable[[str], None],
    ) -> None:
        self.epochs = config.optim.epochs
        self.recorder, self.say = recorder, say
        self.seconds: list[float] = []

    def __call__(self, number: int, improved: bool, metrics: dict[str, float]) -> None:
        self.recorder.push()
        self.seconds.append(metrics["epoch_s"])
        left = (self.epochs - number) * sum(self.seconds) / len(self.seconds)
        line = f"epoch {number:>3}/{self.epochs}  loss {metrics['train/loss']:.3f}"
        for name, words in SHOWN.items():
            if name in metrics:
                best = ("*" if improved else " ") if name == "val/map" else ""
                line += f"  {words} {metrics[name]:.3f}{best}"
        self.say(f"{line}  {metrics['epoch_s']:.1f} s, about {left / 60:.0f} min left")

    def resumed(self, epoch: int) -> None:
        """Say where a run goes on."""
        self.say(f"goes on from the checkpoint of epoch {epoch}")
