"""The protocols that draw: who may ask whom, and what the figures of many draws are."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from raysign.cli.evaluate import evaluate as door
from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.errors import ConfigError, SplitError
from raysign.evaluate import evaluate
from raysign.evaluate.embedded import Embedded
from raysign.evaluate.protocols import Rounds, rounds_of
from raysign.evaluate.protocols.drawn import drawn
from raysign.ranking import one_draw, summarise
from raysign.synthetic import World

if TYPE_CHECKING:
    from pathlib import Path

    from raysign.evaluate.sides import Sides

SidesOf = Any


def clip(clip_id: str, sign: str, signer: str = "", split: str = "train") -> Clip:
    """A clip of noise."""
    rng = np.random.default_rng(list(clip_id.encode()))
    xyz = rng.random((5, 42, 3), np.float32)
    return Clip(clip_id, xyz, "hands42", sign, signer=signer, split=split)


def language(counts: dict[str, int], signers: int = 3) -> list[Clip]:
    """So many clips of each sign, by the signers in turn."""
    return [
        clip(f"{sign}-{i}", sign, f"p{i % signers}")
        for sign, count in counts.items()
        for i in range(count)
    ]


def each(sides: Sides, rounds: Rounds) -> list[tuple[np.ndarray, np.ndarray]]:
    assert len(rounds.queries) == len(rounds.galleries) == rounds.card["draws"]
    return list(zip(rounds.queries, rounds.galleries, strict=True))


def test_a_draw_is_one_query_and_other_clips_of_every_sign(sides_of: SidesOf) -> None:
    sides = sides_of(language({"a": 5, "b": 9, "c": 6, "few": 4}))
    rounds = drawn(sides, draws=20, shots=4, seed=0)
    for asks, searched in each(sides, rounds):
        assert sides.asking.sign[asks].tolist() == ["a", "b", "c"]
        assert Counter(sides.searched.sign[searched].tolist()) == {"a": 4, "b": 4, "c": 4}
        assert not set(asks.tolist()) & set(searched.tolist())
        assert len(set(searched.tolist())) == 12
    assert rounds.card["signs"] == 3
    assert rounds.card["signs_left_out"] == 1
    assert rounds.card["gallery_clips"] == 12
    assert rounds.card["query_clips"] == 20


def test_every_clip_is_drawn_as_often(sides_of: SidesOf) -> None:
    """5 clips, 1 asks and 2 are searched: in 600 draws each asks 120 ± 5·9.8 times."""
    sides = sides_of(language({"a": 5, "b": 5}))
    rounds = drawn(sides, draws=600, shots=2, seed=3)
    for sign in (0, 1):
        asked = Counter(q[sign] for q in rounds.queries)
        searched = Counter(int(c) for g in rounds.galleries for c in g[2 * sign : 2 * sign + 2])
        assert len(asked) == len(searched) == 5
        assert all(abs(n - 120) < 50 for n in asked.values())
        assert all(abs(n - 240) < 60 for n in searched.values())


def test_signer_disjoint_draws_never_show_the_querys_signer(sides_of: SidesOf) -> None:
    clips = language({"a": 6, "b": 7, "c": 8}, signers=3)
    clips += [clip(f"solo-{i}", "solo", "p0") for i in range(6)]
    clips += [clip("nobody", "a")]
    sides = sides_of(clips)
    rounds = drawn(sides, draws=30, shots=3, seed=0, signer_disjoint=True)
    for asks, searched in each(sides, rounds):
        for place, query in enumerate(asks):
            own = searched[3 * place : 3 * place + 3]
            assert (sides.searched.sign[own] == sides.asking.sign[query]).all()
            assert (sides.searched.signer[own] != sides.asking.signer[query]).all()
    assert rounds.card["signs_left_out"] == 1
    assert rounds.card["clips_left_out"] == 1
    plain = drawn(sides, draws=30, shots=3, seed=0)
    shared = [
        sides.asking.signer[query] in sides.searched.signer[searched[3 * i : 3 * i + 3]]
        for asks, searched in each(sides, plain)
        for i, query in enumerate(asks)
    ]
    assert any(shared), "without the option a query's signer is met"


def test_a_query_that_has_too_few_others_never_asks(sides_of: SidesOf) -> None:
    """Of sign a, p0 made 5 of 6 clips: only p1's clip has 3 clips by others."""
    clips = [clip(f"a-{i}", "a", "p1" if i == 5 else "p0") for i in range(6)]
    sides = sides_of([*clips, *language({"b": 9, "c": 9})])
    rounds = drawn(sides, draws=30, shots=3, seed=0, signer_disjoint=True)
    assert {sides.asking.clip_id[q[0]] for q in rounds.queries} == {"a-5"}


def test_two_selections_draw_queries_from_one_and_gallery_from_the_other(
    sides_of: SidesOf,
) -> None:
    clips = [clip(f"q{s}{i}", s, split="val") for s in "ab" for i in range(2)]
    clips += [clip(f"g{s}{i}", s) for s in "abc" for i in range(4)]
    sides = sides_of(clips, "val", "train")
    for asks, searched in each(sides, drawn(sides, draws=5, shots=4, seed=0)):
        assert len(asks) == 2
        assert sorted(searched.tolist()) == np.flatnonzero(sides.searched.sign != "c").tolist()


def test_more_draws_add_to_the_same_ones_and_the_seed_decides(sides_of: SidesOf) -> None:
    sides = sides_of(language({"a": 9, "b": 9, "c": 9}))
    few, many, other = (drawn(sides, draws=n, shots=4, seed=s) for n, s in ((3, 0), (6, 0), (3, 1)))
    for one, same in zip(few.galleries, many.galleries, strict=False):
        assert one.tolist() == same.tolist()
    assert [g.tolist() for g in few.galleries] != [g.tolist() for g in other.galleries]


def test_what_cannot_be_drawn_is_one_line(sides_of: SidesOf) -> None:
    sides = sides_of([clip(f"{s}{i}", s) for s in "abc" for i in range(4)])
    with pytest.raises(SplitError, match=r"4 more clips in .*has 3 at most; lower --shots"):
        drawn(sides, draws=2, shots=4, seed=0)
    with pytest.raises(SplitError, match=r"needs signers, and no clip of .*--protocol draws"):
        drawn(sides, draws=2, shots=2, seed=0, signer_disjoint=True)
    with pytest.raises(ConfigError, match=r"--draws and --shots .* got protocol clips"):
        rounds_of("clips", sides, draws=10, shots=None, seed=0)
    with pytest.raises(ConfigError, match="no protocol is called 'drawn'; give one of clips"):
        rounds_of("drawn", sides, draws=None, shots=None, seed=0)


def test_figures_are_means_over_draws_each_ranked_alone(sides_of: SidesOf) -> None:
    sides = sides_of(language({f"s{i}": 6 for i in range(12)}))
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(len(sides.asking), 6, generator=generator)
    embedded = Embedded(sides, vectors, vectors)
    rounds = drawn(sides, draws=7, shots=4, seed=0)
    found = embedded.ranked(rounds)
    hits = []
    for asks, searched in each(sides, rounds):
        scores = vectors[asks] @ vectors[searched].T
        nearest = torch.from_numpy(sides.gallery_sign[searched])[scores.argmax(dim=1)]
        hits.append((nearest.numpy() == sides.query_sign[asks]).mean())
    sign = torch.from_numpy(sides.query_sign[rounds.asked])
    ranking = summarise(found, sign)
    assert ranking.figures["recall_at_1"].value == pytest.approx(np.mean(hits))
    assert (ranking.queries, ranking.gallery, ranking.signs) == (84, 48, 12)
    assert ranking.positives_per_query == 4
    single = one_draw(found, sign)["recall_at_1"]
    assert single.value == pytest.approx(np.mean(hits))
    mean = ranking.figures["recall_at_1"]
    assert single.low < mean.low < mean.high < single.high, "one draw says less than the mean"


@pytest.mark.parametrize(
    ("protocol", "hit"),
    [
        ("draws", "of the query's sign; cosine, clip level"),
        ("signer_disjoint_draws", "another signer than the query's; cosine, clip level"),
    ],
)
def test_a_language_through_the_door(models: Any, protocol: str, hit: str) -> None:
    """The synthetic world's second language, of which nothing was trained on."""
    first = World(SyntheticConfig(signs=20))
    model = models("first-language", signs=tuple(sign.gloss for sign in first.signs))
    arguments = [str(model), "--queries", "synthetic", "--gallery", "synthetic", "--json"]
    arguments += ["--protocol", protocol, "--draws", "10", "--shots", "2"]
    done = CliRunner().invoke(door, [*arguments, "data.synthetic.language=2"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert (printed["queries"], printed["gallery"], printed["signs"]) == (200, 40, 20)
    assert printed["one_draw"]["map_low"] < printed["map"] < printed["one_draw"]["map_high"]
    assert printed["card"]["hit"].endswith(hit)
    assert printed["card"]["language"] == "qab"
    assert printed["seen"] is None
    assert printed["unseen"]["queries"] == 200
    again = CliRunner().invoke(door, [*arguments, "data.synthetic.language=2"])
    assert json.loads(again.stdout) == printed


def test_clips_without_draws_have_no_single_one(model: Path, store: Path) -> None:
    found = evaluate(str(model), f"{store}:val", f"{store}:train")
    assert found.one_draw is None
    assert found.as_json()["one_draw"] is None
