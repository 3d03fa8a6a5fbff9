"""No query asks that the candidate or the champion trained on, wherever that is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.bundle import load_bundle
from raysign.clip import Clips
from raysign.config import DataConfig, RetrainConfig, TrainConfig, ValRerankConfig, resolve
from raysign.errors import SplitError
from raysign.evaluate.embedded import Embedded
from raysign.evaluate.reranked import gains, own_stages
from raysign.ranking import Resampling, summarise
from raysign.retrain.asked import NOTHING, Asked, found_by, read_asked
from raysign.retrain.decision import NOT_KNOWN, Decision
from raysign.retrain.drift import Drift
from raysign.retrain.profile import Profile
from raysign.retrain.verdict import Found
from raysign.sources import load_split
from raysign.splits import Split

RESAMPLING = Resampling(resamples=100, seed=0)
PROTOCOLS = {"val": {}, "one": {"protocol": "one_shot", "draws": 3}}


def declared(**protocols: Any) -> RetrainConfig:
    return resolve(RetrainConfig, {"resamples": 100, "protocols": protocols or PROTOCOLS})


def decision_of(asked: tuple[Asked, ...], split: Split[Clips], bundle: Path) -> Decision:
    found = [
        Found(one, mine, mine, (mine,))
        for one, mine in zip(asked, found_by(load_bundle(bundle), asked), strict=True)
    ]
    drift = Drift.of(Profile.of(split, "s"), None, None)
    return Decision.of(found, None, drift, declared(), "a recipe", "c0ffee")


def test_what_the_champion_trained_on_does_not_ask(
    recipe: TrainConfig, split: Split[Clips], untrained: Callable[..., Path]
) -> None:
    theirs = split.queries.content()[:10]
    asked = read_asked(declared(), recipe, split, theirs)
    assert [one.left_out for one in asked] == [10, 10]
    for one in asked:
        content = one.sides.asking.content()[one.clip]
        assert not np.isin(content, theirs).any()
        assert len(np.unique(one.clip)) == 30
    (line, _) = (
        line
        for line in decision_of(asked, split, untrained()).facts()
        if "10 query clips do not ask" in line
    )
    assert line.startswith("val: ")


def test_a_model_asks_through_its_own_second_stage(
    recipe: TrainConfig, split: Split[Clips], untrained: Callable[..., Path]
) -> None:
    plain = load_bundle(untrained())
    stage = resolve(ValRerankConfig, {"stages": "dtw", "dtw": {"weight": 0.9}})
    with_it = plain.config.evaluate.model_copy(update={"rerank": stage})
    chosen = replace(plain, config=plain.config.model_copy(update={"evaluate": with_it}))
    asked = read_asked(declared(), recipe, split)
    for one, before, after in zip(
        asked, found_by(plain, asked), found_by(chosen, asked), strict=True
    ):
        embedded = Embedded.by_bundle(one.sides, chosen)
        (gain,) = gains(own_stages(chosen), stage, chosen, embedded, one.rounds, before, RESAMPLING)
        reached = summarise(after, one.query_sign, **RESAMPLING)
        assert reached == gain.ranking
        assert reached != summarise(before, one.query_sign, **RESAMPLING)


def test_what_trains_without_a_sign_does_not_ask_either(
    recipe: TrainConfig, split: Split[Clips]
) -> None:
    nameless = Split(split.train, split.queries, split.gallery, (), split.queries.select(range_(5)))
    (asked,) = read_asked(declared(val={}), recipe, nameless)
    assert asked.left_out == 5
    assert len(Profile.of(nameless, "s").trained) == len(split.train) + 5


def range_(count: int) -> np.ndarray:
    return np.arange(count)


def test_too_few_queries_that_are_left_are_refused(
    recipe: TrainConfig, split: Split[Clips]
) -> None:
    content = split.queries.content()
    assert read_asked(declared(), recipe, split, content[:20])[0].left_out == 20
    with pytest.raises(SplitError, match=r"21 of its 40 queries .* leaves fewer than 20; give"):
        read_asked(declared(), recipe, split, content[:21])


@pytest.mark.parametrize(
    ("protocol", "says"),
    [
        (
            {"protocol": "draws", "shots": 50},
            "lower protocols.hard.shots, or give a protocols.hard",
        ),
        ({"protocol": "k_shot", "shots": 50}, "50-shot needs 2 signs with 50 support clips in"),
    ],
)
def test_a_protocol_that_cannot_be_is_told_in_its_settings(
    recipe: TrainConfig, split: Split[Clips], protocol: dict[str, Any], says: str
) -> None:
    with pytest.raises(SplitError) as caught:
        read_asked(declared(val={}, hard=protocol), recipe, split)
    assert str(caught.value).startswith("protocol 'hard': ")
    assert says in str(caught.value)
    assert "--" not in str(caught.value), "a re-training has no such option"


def test_without_signers_the_other_protocol_is_told_as_a_setting(
    recipe: TrainConfig, split: Split[Clips]
) -> None:
    def nameless(clips: Clips) -> Clips:
        return replace(clips, signer=np.full(len(clips), ""))

    unknown = replace(split, queries=nameless(split.queries), gallery=nameless(split.gallery))
    for protocol, instead in (
        ("signer_disjoint_draws", "type protocols.val.protocol=draws"),
        ("one_shot", "type protocols.val.protocol=k_shot protocols.val.shots=1, where"),
    ):
        with pytest.raises(SplitError) as caught:
            read_asked(declared(val={"protocol": protocol}), recipe, unknown)
        assert instead in str(caught.value)


def test_new_signers_who_move_the_split(recipe: TrainConfig) -> None:
    """The champion may have learned from those who are held out now."""

    def of(signers: int) -> tuple[TrainConfig, Split[Clips]]:
        world = {"signs": 20, "train_signers": signers, "val_signers": 2}
        data = resolve(
            DataConfig,
            {"synthetic": world, "splits": "signer_disjoint", "val_fraction": 0.4},
        )
        return recipe.model_copy(update={"data": data}), load_split(data)

    _, then = of(4)
    config, now = of(6)
    champion = Profile.of(then, "synthetic").trained
    moved = set(now.queries.signer.tolist()) & set(then.train.signer.tolist())
    assert moved
    (asked,) = read_asked(declared(val={}), config, now, champion)
    assert asked.left_out == np.isin(now.queries.signer, list(moved)).sum()
    assert not set(now.queries.signer[asked.clip].tolist()) & moved


def test_where_nobody_knows_the_evidence_says_so(
    recipe: TrainConfig, split: Split[Clips], untrained: Callable[..., Path]
) -> None:
    known = read_asked(declared(), recipe, split, NOTHING)
    unknown = read_asked(declared(), recipe, split, None)
    assert [one.left_out for one in unknown] == [0, 0]
    assert NOT_KNOWN not in decision_of(known, split, untrained()).facts()
    told = decision_of(unknown, split, untrained())
    assert NOT_KNOWN in told.facts()
    assert told.as_json()["protocols"][0]["champion_training_known"] is False
