"""The two published tables beside ours, from models and the sentences they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from raysign.bundle import KeywordBundle
from raysign.errors import ConfigError
from raysign.evaluate.keywords.asked import Asked
from raysign.evaluate.keywords.run import PROTOCOL, card_of, measure, opened
from raysign.evaluate.keywords.searching import Predicted, predict
from raysign.evaluate.keywords.table.findings import Finding, findings_of
from raysign.evaluate.keywords.table.published import JOINTS, KINDS, PUBLISHED, SOURCE
from raysign.evaluate.keywords.table.row import Row
from raysign.evaluate.record import opened_card, opening
from raysign.keywords.context import PLAIN
from raysign.ranking import Resampling
from raysign.sentences import Sentences
from raysign.trees import differing, said

RUN_ONLY = {"seed": True, "device": True, "threads": True, "workers": True, "evaluate": True}
"""What two models of one row may differ in."""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows in the published order, and what they say about the paper's findings."""

    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    caveat: str
    """What makes the published figures those of other sentences; '' where nothing does."""
    notes: tuple[str, ...]
    """What of the sentences the models know already."""
    card: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": [row.as_json() for row in self.rows],
            "findings": [finding.as_json() for finding in self.findings],
            "published": [
                {"words": kind, "joints": joints, "system": system, **values}
                for (kind, joints, system), values in PUBLISHED.items()
            ],
            "caveat": self.caveat,
            "notes": list(self.notes),
            "card": self.card,
        }


def build(
    models: Sequence[str | KeywordBundle],
    selection: str | None = None,
    *,
    open_test: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> Table:
    """Measure every model on the same sentences.

    Args:
        models: as for ``evaluate``. Those of one kind of word and one layout are a row, one for
            each seed; they must differ in nothing else.
        selection: ``STORE`` or ``STORE:split``; None: val of the store that they learned from.
        open_test: allow the sealed test split; the card and MLflow record it.
        resamples: draws behind each interval.
        seed: of these.

    Raises:
        ConfigError: no model, two of one row that are not the same but for the seed, or no
            selection where the models learned from different sentences.
        BundleError, StoreError, SplitError, SealedSplitError, LayoutError, DataError: see
            :func:`raysign.evaluate.keywords.evaluate`.
    """
    if not models:
        raise ConfigError("no model to set beside the published ones; give one or more")
    names = [each if isinstance(each, str) else f"model {n}" for n, each in enumerate(models)]
    bundles = [opened(each) for each in models]
    groups, refused = _grouped(names, bundles)
    if selection is None:
        selection, more = _own(names, bundles)
        refused += more
    if refused:
        raise ConfigError("; ".join(refused))
    asked = Asked.read(selection, bundles, open_test=open_test)
    ordered = [pair for group in groups for pair in zip(*group, strict=True)]
    record = opening(ordered, asked.test_data(), PROTOCOL) if asked.opened_test else None
    how = Resampling(resamples=resamples, seed=seed)
    shared = {**asked.card(), **opened_card([name for name, _ in ordered], record)}
    rows = tuple(_row(*group, asked, shared, how) for group in groups)
    if record is not None:
        for number, run in enumerate(run for row in rows for run in row.runs):
            record.record(number, run.systems[PLAIN].as_json(), run.card)
    card = {
        **shared,
        "published": SOURCE,
        "intervals": rows[0].runs[0].card["intervals"],
        "nothing_retrieved": rows[0].runs[0].card["nothing_retrieved"],
    }
    return Table(rows, findings_of(rows), _caveat(asked.sentences), _notes(rows), card)


def _own(names: Sequence[str], bundles: Sequence[KeywordBundle]) -> tuple[str, list[str]]:
    """Val of the store that all models learned from, or why there is none."""
    data = [bundle.config.data for bundle in bundles]
    ask = "say with --sentences STORE:val what all of them are asked"
    if len({one.store for one in data}) > 1:
        each = ", ".join(f"{n!r} from {d.store}" for n, d in zip(names, data, strict=True))
        return "", [f"the models learned from different sentences ({each}); {ask}"]
    if held := [name for name, one in zip(names, data, strict=True) if one.splits != "own"]:
        return "", [f"{', '.join(map(repr, held))} held out signers of its own; {ask}"]
    return f"{data[0].store}:val", []


def _grouped(
    names: Sequence[str], bundles: Sequence[KeywordBundle]
) -> tuple[list[tuple[list[str], list[KeywordBundle]]], list[str]]:
    """The models of each row, in the published order; and which cannot stand in one, and why."""
    refused: list[str] = []
    found: dict[tuple[str, str], tuple[list[str], list[KeywordBundle]]] = {
        (kind, joints): ([], []) for kind in KINDS for joints in JOINTS
    }
    for name, bundle in zip(names, bundles, strict=True):
        key = (bundle.vocabulary.kind, bundle.config.prepare.joints)
        before, those = found[key]
        if those and (differ := _differ(those[0], bundle)):
            refused.append(
                f"{before[0]!r} and {name!r} are both {KINDS[key[0]]} on {key[1]} joints, but "
                f"differ in more than the seed ({differ}): give each a table of its own"
            )
            continue
        before.append(name)
        those.append(bundle)
    return [group for group in found.values() if group[0]], refused


def _differ(one: KeywordBundle, other: KeywordBundle) -> str:
    """The settings in which two models differ, or their words; '' where none."""
    then, now = (bundle.config.model_dump(exclude=RUN_ONLY) for bundle in (one, other))
    told = [f"{path}={said(a)} and {said(b)}" for path, a, b in differing(then, now)]
    if not told and one.vocabulary != other.vocabulary:
        told = [f"{len(one.vocabulary):,} words and {len(other.vocabulary):,}, not the same ones"]
    return ", ".join(told)


def _row(
    names: Sequence[str],
    bundles: Sequence[KeywordBundle],
    asked: Asked,
    shared: dict[str, Any],
    how: Resampling,
) -> Row:
    found: list[Predicted] = [predict(bundle, asked.sentences) for bundle in bundles]
    frames = asked.sentences.clips.num_frames

    def card(bundle: KeywordBundle, name: str) -> dict[str, Any]:
        return {**card_of(bundle, name), **shared, **asked.card_for(bundle)}

    runs = tuple(
        measure(one, bundle.frequency, frames, card(bundle, name), how)
        for name, bundle, one in zip(names, bundles, found, strict=True)
    )
    return Row(
        kind=bundles[0].vocabulary.kind,
        joints=bundles[0].config.prepare.joints,
        models=tuple(names),
        seeds=tuple(bundle.config.seed for bundle in bundles),
        runs=runs,
        scores=tuple(one.scores for one in found),
        labels=found[0].labels,
        how=how,
    )


def _notes(rows: Sequence[Row]) -> tuple[str, ...]:
    """What the sentences are to the models, with the names of those where it is not all."""
    models: dict[str, list[str]] = {}
    for row in rows:
        for run, name in zip(row.runs, row.models, strict=True):
            for note in run.seen_before():
                models.setdefault(note, []).append(name)
    every = sum(len(row.runs) for row in rows)
    return tuple(
        note if len(names) == every else f"of {', '.join(names)}: {note}"
        for note, names in models.items()
    )


def _caveat(sentences: Sentences) -> str:
    """What sets these sentences apart from those of the published figures."""
    datasets = sorted({*map(str, sentences.clips.dataset)} - {""})
    splits = sorted({*map(str, sentences.clips.split)} - {""})
    if datasets == ["phoenix14t"] and splits == ["test"]:
        return ""
    here = f"{'/'.join(datasets) or 'no named dataset'} {'/'.join(splits) or 'in no split'}"
    return (
        "The published figures are of RWTH-PHOENIX-Weather 2014T's 642 test sentences, as OpenPose "
        f"saw them; here: {len(sentences):,} sentences of {here}. A gap to them does not say which "
        "model is better; the findings can be compared."
    )
