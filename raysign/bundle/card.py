"""The page that people read about a trained encoder: in its bundle and in the model registry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from raysign.skeleton import layout_named

if TYPE_CHECKING:
    from raysign.config import TrainConfig

LOW, HIGH = "_low", "_high"
"""``val/map_low`` and ``val/map_high`` are the ends of the 95 % interval of ``val/map``."""

MEMBER_FACTS = ("weight", "joints", "encoder", "seed", "epoch")
MEMBER_FIGURES = ("val/recall_at_1", "val/recall_at_10", "val/map")
"""What the page shows of each model that this one was made of."""
MADE = {
    "ensemble": "Of these models side by side: the cosine of two clips is the weighted mean of "
    "theirs.",
    "soup": "Of the plain mean of these models' weights.",
}

ORIGIN = ("commit", "raysign", "created", "rounding")
"""What a bundle's card may say of how it was made."""

CHOSEN = (
    "- The epoch that was kept was chosen by the figures above, which are a little too good for "
    "it; the intervals do not know that.\n"
)

FROM_FOLDER = """\
```python
from raysign.bundle import load_bundle

embedder = load_bundle("this/folder").embedder()
embeddings = embedder.embed_padded(landmarks)  # float32 [clip frame joint axis] -> [clip embedding]
```
"""


def model_card(
    layout: str,
    config: TrainConfig,
    metrics: Mapping[str, float],
    card: Mapping[str, Any],
    *,
    usage: str = FROM_FOLDER,
) -> str:
    """Markdown: what the encoder is, how good by which protocol, its data, use and limits."""
    joints = layout_named(layout).num_joints
    size = config.encoder.embedding
    sections = [
        f"# Sign encoder: {config.encoder.kind} on {layout}",
        f"Turns the landmarks of one signed clip into one unit-length vector of {size} numbers; "
        "clips of the same sign lie near each other, so a sign is found by cosine similarity.",
        "## How good",
        metrics_table(metrics),
        listed("Protocol", card.get("protocol")),
        "## What it reads",
        f"Landmarks of layout `{layout}`: float32 `[clip, frame, {joints}, 3]`; x and y in units "
        "of the picture's width and height, origin top left, z as MediaPipe gives it; **NaN = not "
        "detected**, also in the frames that pad shorter clips at their end. Any number of frames.",
        "## What it learned from",
        listed("Data", card.get("data") or config.data.model_dump(mode="json")),
        listed("It began with an encoder that was trained before", card.get("began with")),
        listed("Licence", card.get("licence")),
        "## How to use it",
        usage.strip(),
        "## Limits",
        f"{CHOSEN if config.evaluate.every < config.optim.epochs else ''}"
        "- It ranks signs that somebody put into a gallery; it does not translate.\n"
        "- The figures hold for the protocol above; other signers, cameras and languages need "
        "their own measurement.\n"
        "- Landmarks from another detector, or another joint order, give numbers without meaning.",
        _made_of(card.get("made_of")),
        "## How it was made",
        listed("Origin", {key: card[key] for key in ORIGIN if card.get(key)}),
        listed("It won a sweep", card.get("selection")),
        f"```yaml\n{yaml.safe_dump(config.model_dump(mode='json'), sort_keys=False).strip()}\n```",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _made_of(made: Any) -> str:
    """The models that this one was made of, their figures, and the settings that they differ in."""
    if not made:
        return ""
    members = made["members"]
    known = [fact for fact in MEMBER_FACTS if any(m.get(fact) is not None for m in members)]
    rows = [
        [
            m["name"],
            *("" if m.get(fact) is None else m[fact] for fact in known),
            *(_told(m, name) for name in MEMBER_FIGURES),
        ]
        for m in members
    ]
    sections = [
        "## What it was made of",
        f"{MADE[made['how']]} Nothing was trained to put them together.",
        _table(["model", *known, *(f"`{name}`" for name in MEMBER_FIGURES)], rows),
    ]
    if made["differ"]:
        settings = {
            path: ", ".join("unset" if value is None else str(value) for value in each)
            for path, each in made["differ"].items()
        }
        what = "How their own trainings differed, in that order (the first's stands below)"
        sections.append(listed(what, settings))
    return "\n\n".join(sections)


def _told(metrics: Mapping[str, Any], name: str) -> str:
    """A figure with its interval; '' where it was not measured."""
    if name not in metrics:
        return ""
    interval = _interval(metrics, name)
    return f"{_figure(metrics[name])} ({interval})" if interval else _figure(metrics[name])


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def metrics_table(metrics: Mapping[str, float]) -> str:
    """Each metric with its interval, where there is one."""
    ends = {name + end for name in metrics for end in (LOW, HIGH)}
    rows = [
        f"| `{name}` | {_figure(value)} | {_interval(metrics, name)} |"
        for name, value in metrics.items()
        if name not in ends
    ]
    if not rows:
        return "Not measured."
    return "\n".join(["| metric | value | 95 % interval |", "|---|---|---|", *rows])


def _interval(metrics: Mapping[str, float], name: str) -> str:
    low, high = metrics.get(name + LOW), metrics.get(name + HIGH)
    return "" if low is None or high is None else f"{_figure(low)} – {_figure(high)}"


def _figure(value: float) -> str:
    if not math.isfinite(value):
        return "n/a"
    return f"{int(value):,}" if value == int(value) and abs(value) > 1 else f"{value:.4g}"


def listed(title: str, facts: Any) -> str:
    """``title: text`` for text, a list for a mapping, '' for nothing."""
    if not facts:
        return ""
    if not isinstance(facts, Mapping):
        return f"{title}: {facts}"
    return f"{title}:\n\n" + "\n".join(f"- {key}: {_fact(value)}" for key, value in facts.items())


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_fact(inner)}" for key, inner in value.items())
    return _figure(value) if isinstance(value, float) else str(value)
