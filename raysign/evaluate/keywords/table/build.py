"""The two published tables beside ours, from models and the sentences they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from raysign.bundle import KeywordBundle
from raysign.config import KeywordConfig
from raysign.errors import ConfigError, DataError
from raysign.evaluate.keywords.run import (
    card_of,
    measure,
    opened,
    read,
    sentences_card,
)
from raysign.evaluate.keywords.searching import PLAIN, Predicted, predict
from raysign.evaluate.keywords.table.findings import Finding, findings_of
from raysign.evaluate.keywords.table.published import JOINTS, KINDS, PUBLISHED, SOURCE
from raysign.evaluate.keywords.table.row import Row
from raysign.evaluate.record import opening
from raysign.ranking import Resampling
from raysign.sentences import Sentences

RUN_ONLY = {"seed": True, "device": True, "threads": True, "workers": True, "evaluate": True}
"""What two models of one row may differ in."""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows in the published order, and what they say about the paper's findings."""

    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    caveat: str
    """What makes the published figures those of other sentences; '' where nothing does."""
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
    selection = selection or _own(bundles)
    groups = _grouped(names, bundles)
    sentences = read(selection, open_test=open_test)
    has_test = open_test and bool((sentences.clips.split == "test").any())
    record = opening() if has_test else None
    how = Resampling(resamples=resamples, seed=seed)
    shared = {**sentences_card(sentences, selection), "opened_test": has_test}
    rows = tuple(_row(*group, sentences, shared, how) for group in groups)
    if record is not None:
        for row in rows:
            for run in row.runs:
                record(run.systems[PLAIN], run.card)
    card = {
        **shared,
        "published": SOURCE,
        "intervals": rows[0].runs[0].card["intervals"],
        "nothing_retrieved": rows[0].runs[0].card["nothing_retrieved"],
    }
    return Table(rows, findings_of(rows), _caveat(sentences), card)


def _own(bundles: Sequence[KeywordBundle]) -> str:
    stores = {(bundle.config.data.store, bundle.config.data.splits) for bundle in bundles}
    if len(stores) > 1 or next(iter(stores))[1] != "own":
        raise ConfigError(
            "the models learned from different sentences, or held out signers of their own; "
            "say with --sentences STORE:val what all of them are asked"
        )
    return f"{next(iter(stores))[0]}:val"


def _grouped(
    names: Sequence[str], bundles: Sequence[KeywordBundle]
) -> list[tuple[list[str], list[KeywordBundle]]]:
    """The models of each row, in the published order."""
    found: dict[tuple[str, str], tuple[list[str], list[KeywordBundle]]] = {
        (kind, joints): ([], []) for kind in KINDS for joints in JOINTS
    }
    for name, bundle in zip(names, bundles, strict=True):
        key = (bundle.vocabulary.kind, bundle.config.prepare.joints)
        before, those = found[key]
        if those and _same(those[0].config) != _same(bundle.config):
            raise ConfigError(
                f"{before[0]!r} and {name!r} are both {KINDS[key[0]]} on {key[1]} joints, but "
                "differ in more than the seed; give each a table of its own"
            )
        if those and those[0].vocabulary != bundle.vocabulary:
            raise DataError(f"{before[0]!r} and {name!r} search for different words")
        before.append(name)
        those.append(bundle)
    return [group for group in found.values() if group[0]]


def _same(config: KeywordConfig) -> dict[str, Any]:
    return config.model_dump(exclude=RUN_ONLY)


def _row(
    names: Sequence[str],
    bundles: Sequence[KeywordBundle],
    sentences: Sentences,
    shared: dict[str, Any],
    how: Resampling,
) -> Row:
    found: list[Predicted] = [predict(bundle, sentences) for bundle in bundles]
    frames = sentences.clips.num_frames
    runs = tuple(
        measure(one, bundle.frequency, frames, {**card_of(bundle, name), **shared}, how)
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
