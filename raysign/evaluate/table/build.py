"""Every row of the table, measured on the same queries of the same gallery."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from raysign.errors import ConfigError
from raysign.evaluate.embedded import ONLY_COPIES, Embedded
from raysign.evaluate.model import load_model
from raysign.evaluate.protocols import rounds_of
from raysign.evaluate.record import opened_card, opening
from raysign.evaluate.sides import Sides, data_config
from raysign.evaluate.table.facts import Facts, facts_of, notes_on
from raysign.evaluate.table.published import PUBLISHED, SOURCE, Published, caveat
from raysign.ranking import Resampling, chance, paired_differences, summarise, summarise_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from raysign.evaluate.table.explained import Explained
    from raysign.ranking import Difference, PerQuery, Ranking, Row

RESERVED = ("untrained", "chance")
"""Rows that the table has anyway."""


@dataclass(frozen=True)
class TableRow:
    """One way to train."""

    label: str
    models: tuple[str, ...]
    facts: Facts
    ours: Row
    without_duplicates: Row | None
    """The same, each query's byte-identical gallery clips left out; None where there are none, or
    nothing else is to be found."""
    published: Published | None
    above: Mapping[str, Difference] | None = None
    """This row − the row above; None for the first."""
    best: Mapping[str, Difference] | None = None
    """This row − the best one; None for the best."""

    @property
    def gap(self) -> dict[str, float] | None:
        """Ours − published."""
        if self.published is None:
            return None
        figures = self.ours.ranking.figures
        return {name: figures[name].value - v for name, v in self.published.values.items()}

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "models": list(self.models),
            "facts": self.facts.as_json(),
            "ours": self.ours.as_json(),
            "without_duplicates": plain.as_json() if (plain := self.without_duplicates) else None,
            "published": dict(self.published.values) if self.published else None,
            "gap": self.gap,
            "against_above": _flat(self.above),
            "against_best": _flat(self.best),
        }


@dataclass(frozen=True)
class Table:
    """The whole report; ``best`` is the label of the row with the highest mAP."""

    rows: tuple[TableRow, ...]
    best: str
    untrained: Ranking
    chance: Mapping[str, float]
    explained: Explained | None
    """What a sweep says about the open choices; ``build`` leaves it to those who have one."""
    notes: tuple[str, ...]
    caveat: str
    """What makes the gap to the published rows one between unequals; '' where nothing does."""
    card: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """One object; differences carry ``_low``, ``_high``, ``_below_zero``, ``_seed_error``."""
        return {
            "rows": [row.as_json() for row in self.rows],
            "best": self.best,
            "untrained": self.untrained.as_json(),
            "chance": dict(self.chance),
            "importance": self.explained.as_json() if self.explained else None,
            "notes": list(self.notes),
            "caveat": self.caveat,
            "card": self.card,
        }


def parse_rows(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """``M1=runs/m1/bundle,runs/m1-seed1/bundle`` → label → models, in the order given.

    ``ConfigError`` where a text has no label or no model, or a label or a model comes twice.
    """
    rows: dict[str, tuple[str, ...]] = {}
    for text in texts:
        label, equals, listed = text.partition("=")
        models = tuple(listed.split(","))
        if not equals or not label or not all(models):
            raise ConfigError(
                f"row {text!r} is not of the form LABEL=MODEL or LABEL=MODEL,MODEL; "
                "type M1=runs/m1/bundle"
            )
        if label in rows or label in RESERVED:
            why = "comes twice" if label in rows else "stands in the table anyway"
            raise ConfigError(f"row {label!r} {why}; give this one another label")
        if len(set(models)) < len(models):
            raise ConfigError(
                f"row {label!r} has the same model twice: {listed}; give each run's bundle once"
            )
        rows[label] = models
    if not rows:
        raise ConfigError("a table needs a row; type M1=runs/m1/bundle")
    return rows


def build(
    rows: Mapping[str, tuple[str, ...]],
    queries: str,
    gallery: str,
    *,
    overrides: Sequence[str] = (),
    open_test: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> Table:
    """Measure every model of every row, by the protocol ``clips``.

    Args:
        rows: label → the runs of that row, which differ in their seed; each as in ``evaluate``.
        queries: ``STORE:split`` of the clips that ask.
        gallery: ``STORE:split`` of the clips that are searched.
        overrides: ``data.key=value``, as in ``evaluate``.
        open_test: allow the sealed test split, and record each row in MLflow.
        resamples: bootstrap draws behind each interval.
        seed: of the bootstrap.

    Raises:
        BundleError, StoreError, LayoutError, SealedSplitError, SplitError: see their messages.
    """
    bundles = {
        label: [load_model(model, queries) for model in models] for label, models in rows.items()
    }
    first = next(iter(bundles.values()))[0]
    data = data_config(first.config.data, overrides, "table")
    sides = Sides.read(queries, gallery, data, open_test=open_test)
    rounds = rounds_of("clips", sides, draws=None, shots=None, seed=seed)
    names = [model for models in rows.values() for model in models]
    opened = None
    if open_test and sides.test_clips:
        every = [bundle for runs in bundles.values() for bundle in runs]
        opened = opening(list(zip(names, every, strict=True)), sides.test_data(), "clips")
    how = Resampling(resamples=resamples, seed=seed)
    sign = torch.from_numpy(sides.query_sign)
    copied = sides.copied()

    found: dict[str, list[PerQuery]] = {}
    made: list[TableRow] = []
    for label, runs in bundles.items():
        embedded = [Embedded.by_bundle(sides, bundle) for bundle in runs]
        found[label] = [one.ranked(rounds) for one in embedded]
        plain = None
        if copied.any():
            # all models are asked the same: none of them has a positive left, or all have
            apart = [left for one in embedded if (left := one.without_copies(rounds)) is not None]
            plain = summarise_row(apart, sign, **how) if apart else None
        ours = summarise_row(found[label], sign, **how)
        facts = facts_of(runs)
        made.append(TableRow(label, rows[label], facts, ours, plain, PUBLISHED.get(label)))
    best = max(made, key=lambda row: row.ours.ranking.figures["map"].value).label

    def less(row: TableRow, other: str) -> dict[str, Difference]:
        return paired_differences(found[row.label], found[other], sign, **how)

    compared = tuple(
        replace(
            row,
            above=less(row, made[i - 1].label) if i else None,
            best=less(row, best) if row.label != best else None,
        )
        for i, row in enumerate(made)
    )
    only_copies = (ONLY_COPIES,) if copied.any() and made[0].without_duplicates is None else ()
    floor = Embedded.untrained(sides).ranked(rounds)
    card = {
        "protocol": "clips",
        **sides.card(),
        **rounds.card,
        "queries_identical_to_a_gallery_clip": int(copied.sum()),
        "intervals": f"95 %, bootstrap over signs, {resamples} resamples, seed {seed}",
        **opened_card(names, opened),
        "published": SOURCE,
    }
    if opened is not None:
        figures = [run for row in compared for run in row.ours.runs]
        labels = [row.label for row in compared for _ in row.models]
        for number, (label, model) in enumerate(zip(labels, names, strict=True)):
            opened.record(number, figures[number], {**card, "row": label, "models": model})
    return Table(
        rows=compared,
        best=best,
        untrained=summarise(floor, sign, **how),
        chance=chance(floor),
        explained=None,
        notes=(*notes_on({row.label: row.facts for row in compared}), *only_copies),
        caveat=caveat(sides.asking, sides.searched) if any(row.published for row in made) else "",
        card=card,
    )


def _flat(differences: Mapping[str, Difference] | None) -> dict[str, float | bool | None] | None:
    if differences is None:
        return None
    flat: dict[str, float | bool | None] = {}
    for name, by in differences.items():
        flat |= {name: by.value, f"{name}_low": by.low, f"{name}_high": by.high}
        flat |= {f"{name}_below_zero": by.below_zero, f"{name}_seed_error": by.seed_error}
        flat |= {f"{name}_sure": by.sure_of_rows}
    return flat
