"""How the models of a row were trained, and what makes rows unfair to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from raysign.trees import differing

if TYPE_CHECKING:
    from raysign.bundle import Bundle

HARMLESS: Mapping[str, bool | set[str]] = {
    **dict.fromkeys(("seed", "device", "threads", "workers"), True),
    "data": {"store"},
    "evaluate": {"bootstrap", "batch_clips"},
}
"""Settings in which the runs of a row may differ; where the clips lie is one, what they are none.
"""


@dataclass(frozen=True)
class Facts:
    """What the bundles say of themselves."""

    encoder: str
    loss: str
    parameters: int
    epochs: int
    """Planned; the budget."""
    seeds: tuple[int, ...]
    data: str
    """Fingerprint of the clips that it learned from and was chosen by; '' where unknown."""
    splits: str
    mirror: str
    """Whose mirror images are embedded too."""
    differ: tuple[str, ...]
    """Settings other than the seed in which the row's runs differ."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def facts_of(runs: Sequence[Bundle]) -> Facts:
    """The facts of a row, from its bundles: those of the first where they differ."""
    first = runs[0]
    clips = {_fingerprint(run) for run in runs} - {""}
    trees = [run.config.model_dump(mode="json", exclude=dict(HARMLESS)) for run in runs]
    return Facts(
        encoder=first.config.encoder.kind,
        loss=first.config.loss.kind,
        parameters=sum(tensor.numel() for tensor in first.weights.values()),
        epochs=first.config.optim.epochs,
        seeds=tuple(run.config.seed for run in runs),
        data=_fingerprint(first),
        splits=first.config.data.splits,
        mirror=first.config.evaluate.mirror,
        differ=tuple(
            sorted({path for tree in trees[1:] for path, _, _ in differing(trees[0], tree)})
            + ["training clips"] * (len(clips) > 1)
        ),
    )


def _fingerprint(run: Bundle) -> str:
    data = run.card.get("data")
    return str(data.get("fingerprint", "")) if isinstance(data, Mapping) else ""


def notes_on(rows: Mapping[str, Facts]) -> tuple[str, ...]:
    """What a reader of the table has to know before comparing its rows."""
    notes = []
    for label, facts in rows.items():
        if facts.differ:
            notes.append(
                f"the runs of {label} differ in {', '.join(facts.differ)} too: its spread is not "
                "that of seeds alone"
            )
        if len(set(facts.seeds)) < len(facts.seeds):
            notes.append(f"runs of {label} share a seed ({_listed(facts.seeds)})")
        if facts.splits != "own":
            notes.append(
                f"{label} was trained with data.splits={facts.splits}: it may have learned from "
                "clips that ask here"
            )
    single = [label for label, facts in rows.items() if len(facts.seeds) == 1]
    if single:
        notes.append(
            f"one run only: {', '.join(single)}; nothing is said of how another seed would do"
        )
    for what, of in (
        ("mirror images (evaluate.mirror)", {label: facts.mirror for label, facts in rows.items()}),
        ("epochs", {label: str(facts.epochs) for label, facts in rows.items()}),
        ("training clips", {label: facts.data or "unknown" for label, facts in rows.items()}),
    ):
        if len(set(of.values())) > 1:
            listed = ", ".join(f"{label} {value}" for label, value in of.items())
            notes.append(f"rows do not have the same {what}: {listed}")
    return tuple(notes)


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))
