"""k-shot: a few support clips a sign, and all other clips ask."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from raysign.cli.evaluate import evaluate as door
from raysign.clip import Clip
from raysign.errors import ConfigError, SplitError
from raysign.evaluate import evaluate
from raysign.evaluate.embedded import Embedded
from raysign.evaluate.growth.better import Scale
from raysign.evaluate.growth.distractors import PURPOSE as choice_key
from raysign.evaluate.protocols import Rounds, rounds_of
from raysign.evaluate.protocols.supported import PURPOSE as supports_key
from raysign.evaluate.protocols.supported import supported
from raysign.evaluate.shown import AboveFold
from raysign.evaluate.sides import Sides
from raysign.ranking import Resampling, Scoring, one_draw, summarise

NoiseOf = Callable[..., list[Clip]]


def k_shot(sides: Sides, shots: int, draws: int = 10) -> Rounds:
    return rounds_of("k_shot", sides, draws=draws, shots=shots, seed=0)


def test_what_is_no_support_asks(sides_of: Any, noise_of: NoiseOf) -> None:
    sides = sides_of(noise_of({"a": 5, "b": 9, "few": 2, "just": 3}, signers=0))
    rounds = k_shot(sides, 3)
    for asks, supports in zip(rounds.queries, rounds.galleries, strict=True):
        assert Counter(sides.searched.sign[supports].tolist()) == {"a": 3, "b": 3, "just": 3}
        others = np.setdiff1d(np.arange(len(sides.asking)), supports)
        assert asks.tolist() == others[np.isin(sides.asking.sign[others], ["a", "b"])].tolist()
    card = rounds.card
    assert (card["signs"], card["signs_asked"]) == (3, 2)
    assert (card["signs_left_out"], card["signs_left_out_such_as"]) == (1, "few")
    assert card["own_signer"] == "no query's signer is known"


def test_who_meets_their_own_signer_is_said(sides_of: Any, noise_of: NoiseOf) -> None:
    """4 clips by 2 signers, 1 a support: of the 3 that ask one is by its signer."""
    rounds = k_shot(sides_of(noise_of({"a": 4, "b": 4}, signers=2)), 1)
    assert rounds.card["own_signer"] == "33 % of the queries find a support by their own signer"


def test_whose_signers_are_known_is_said(sides_of: Any, noise_of: NoiseOf) -> None:
    """Of 3 queries a sign that are known and 1 that is not, all 3 meet their own."""
    clips = [
        replace(clip, signer="" if clip.clip_id.endswith("-4") else "p")
        for clip in noise_of({"a": 5, "b": 5})
    ]
    told = k_shot(sides_of(clips), 1, draws=40).card["own_signer"]
    assert re.search(r"of the queries whose signer is known \((7[0-9]|80) %\) find", told)


def test_supports_and_orders_have_random_numbers_of_their_own() -> None:
    """NumPy takes [seed, draw] and [seed, draw, 0] for one."""
    scale = Scale(np.array([2]), (1,), 3)
    drawn = [np.random.default_rng([3, 5, key]).permutation(50).tolist() for key in range(5)]
    assert supports_key == 1
    assert scale.gallery_order(5, 50).tolist() == drawn[2]
    assert scale.distractor_order(5, 50).tolist() == drawn[3]
    assert choice_key == 4


def test_the_first_supports_are_a_draw_of_fewer(sides_of: Any, noise_of: NoiseOf) -> None:
    sides = sides_of(noise_of({"a": 8, "b": 8}))
    many = supported(sides, draws=6, shots=5, seed=0)
    few = supported(sides, draws=6, shots=2, seed=0)
    for more, less in zip(many.galleries, few.galleries, strict=True):
        assert more.reshape(2, 5)[:, :2].ravel().tolist() == less.tolist()


def test_a_query_stays_where_all_queries_could_be_supports(
    sides_of: Any, noise_of: NoiseOf
) -> None:
    """Two val clips of a stand in the gallery too: two supports could take both of them."""
    clips = [*noise_of({"a": 4, "b": 4, "c": 4}), *noise_of({"a": 2, "b": 5, "c": 5}, 3, "val")]
    sides = sides_of(clips, "val", "")
    rounds = k_shot(sides, 2, draws=60)
    assert rounds.card["signs_asked"] == rounds.card["signs"] == 3
    mine = np.flatnonzero(sides.asking.sign == "a")
    stay = set()
    for asks, gallery in zip(rounds.queries, rounds.galleries, strict=True):
        assert len(gallery) == 6
        stay.add(tuple(np.isin(mine, asks)))
    assert stay == {(True, False), (False, True), (True, True)}, "which of them stays is drawn"


def test_one_query_a_sign_is_enough_beside_clips_that_do_not_ask(
    sides_of: Any, noise_of: NoiseOf
) -> None:
    """As in one_shot, which asks more of a query: that its signer made no support."""
    train = noise_of({f"s{i}": 5 for i in range(6)}, signers=5)
    val = noise_of({f"s{i}": 2 if i < 2 else 1 for i in range(6)}, signers=1, split="val")
    sides = sides_of([*train, *(replace(clip, signer="q") for clip in val)], "val", "")
    for shots in (1, 5):
        rounds = k_shot(sides, shots)
        assert rounds.card["signs_asked"] == 6
        assert rounds.card["query_clips"] == 8
        for asks, gallery in zip(rounds.queries, rounds.galleries, strict=True):
            assert len(np.unique(sides.query_sign[asks])) == 6
            assert not np.isin(sides.query_key[asks], sides.gallery_key[gallery]).any()
    with pytest.raises(SplitError, match=r"7-shot needs .*type --shots 6"):
        k_shot(sides, 7)


def test_a_sign_with_one_exemplar_asked_for_5_shot_is_one_line(
    model: Path, store: Path, sides_of: Any, noise_of: NoiseOf
) -> None:
    sides = sides_of(noise_of({"a": 9, "book": 1, "c": 4, "d": 4}))
    says = r"5-shot needs 2 signs .*; 3 of 4 signs have not \(book, c, d\); type --shots 3"
    with pytest.raises(SplitError, match=says):
        k_shot(sides, 5)
    with pytest.raises(ConfigError, match=r"must be 1 or more, got 0 and 4"):
        supported(sides, draws=0, shots=4, seed=0)
    arguments = [str(model), "--queries", f"{store}:val", "--gallery", f"{store}:train"]
    done = CliRunner().invoke(door, [*arguments, "--protocol", "k_shot", "--shots", "5"])
    assert done.exit_code == 2
    assert done.stderr.startswith("error: 5-shot needs 2 signs with 5 support clips")
    assert done.stderr.endswith("type --shots 2\n")
    assert done.stderr.count("\n") == 1


def test_where_no_number_of_shots_helps_it_says_so(sides_of: Any, noise_of: NoiseOf) -> None:
    with pytest.raises(SplitError, match=r"1-shot needs .*\(b\); give a --gallery with more clips"):
        k_shot(sides_of(noise_of({"a": 9, "b": 1})), 1)


def test_figures_are_means_over_all_queries_of_all_draws(sides_of: Any, noise_of: NoiseOf) -> None:
    sides = sides_of(noise_of({f"s{i}": 4 + i % 3 for i in range(12)}))
    vectors = torch.randn(len(sides.asking), 6, generator=torch.Generator().manual_seed(0))
    rounds = k_shot(sides, 2, draws=7)
    found = Embedded(sides, vectors, vectors).ranked(rounds)
    hits = []
    for asks, supports in zip(rounds.queries, rounds.galleries, strict=True):
        nearest = (vectors[asks] @ vectors[supports].T).argmax(dim=1).numpy()
        hits.extend(sides.gallery_sign[supports][nearest] == sides.query_sign[asks])
    sign = torch.from_numpy(sides.query_sign[rounds.asked])
    ranking = summarise(found, sign)
    assert ranking.figures["recall_at_1"].value == pytest.approx(np.mean(hits))
    assert ranking.queries == len(hits)
    number = torch.from_numpy(rounds.number)
    single = one_draw(found, sign, number)["recall_at_1"]
    mean = ranking.figures["recall_at_1"]
    assert single.value == pytest.approx(mean.value)
    assert single.low < mean.low < mean.high < single.high, "one draw says less than the mean"


def test_copies_of_its_supports_may_leave_a_sign_no_query(sides_of: Any, noise_of: NoiseOf) -> None:
    clips = noise_of({"a": 3, "b": 5, "c": 5})
    clips[1] = replace(clips[0], clip_id=clips[1].clip_id)
    sides = sides_of(clips)
    rounds = k_shot(sides, 2, draws=20)
    asked = [set(sides.asking.sign[asks]) for asks in rounds.queries]
    assert {"b", "c"} in asked, "one copy is a support, and the other may not ask"
    assert {"a", "b", "c"} in asked
    vectors = torch.randn(len(clips), 6, generator=torch.Generator().manual_seed(0))
    found = Embedded(sides, vectors, vectors).ranked(rounds)
    sign = torch.from_numpy(sides.query_sign[rounds.asked])
    single = one_draw(found, sign, torch.from_numpy(rounds.number))["recall_at_1"]
    assert 0 <= single.low < single.value < single.high <= 1


def test_a_draw_in_which_nobody_may_ask_is_none_of_the_others_business(
    sides_of: Any, noise_of: NoiseOf
) -> None:
    """Copies crosswise, a = (x, y) and b = (y, x): x and y as supports leave copies alone."""
    clips = noise_of({"a": 2, "b": 2})
    clips[2:] = [
        replace(other, xyz=clip.xyz)
        for clip, other in zip(reversed(clips[:2]), clips[2:], strict=True)
    ]
    sides = sides_of(clips)
    rounds = k_shot(sides, 1, draws=20)
    assert {len(asks) for asks in rounds.queries} == {0, 2}
    vectors = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    embedded, how = Embedded(sides, vectors, vectors), Resampling(resamples=20, seed=0)
    found = embedded.ranked(rounds)
    assert found.answered.all()
    assert len(found.first_rank) == len(rounds.asked)
    assert len(AboveFold.of(embedded, rounds, Scoring(), how).rank) == len(rounds.asked)


def test_twenty_draws_unless_told(model: Path, store: Path) -> None:
    done = evaluate(str(model), str(store), str(store), protocol="k_shot", shots=1)
    assert done.card["draws"] == 20
    assert done.card["copies_a_draw"] > 0, "the store has a twin"
    assert done.ranking.queries == 20 * (40 - done.card["copies_a_draw"])
    assert done.one_draw is not None
