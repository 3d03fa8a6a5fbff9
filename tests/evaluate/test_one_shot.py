"""One-shot: one support clip a sign, and all clips of other signers ask."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from raysign.cli.evaluate import evaluate as door
from raysign.clip import Clip
from raysign.errors import ConfigError, SplitError
from raysign.evaluate.protocols import Rounds, rounds_of
from raysign.evaluate.protocols.supported import supported
from raysign.evaluate.sides import Sides

NoiseOf = Callable[..., list[Clip]]


def one_shot(sides: Sides, draws: int = 20, seed: int = 0, shots: int | None = None) -> Rounds:
    return rounds_of("one_shot", sides, draws=draws, shots=shots, seed=seed)


def test_all_clips_of_other_signers_ask_one_support_a_sign(
    sides_of: Any, noise_of: NoiseOf
) -> None:
    sides = sides_of(noise_of({"a": 5, "b": 9, "solo": 1}, signers=3))
    rounds = one_shot(sides)
    for asks, supports in zip(rounds.queries, rounds.galleries, strict=True):
        assert sides.searched.sign[supports].tolist() == ["a", "b", "solo"]
        expected = [
            clip
            for clip in range(len(sides.asking))
            if sides.asking.sign[clip] != "solo"
            and sides.asking.signer[clip] != sides.searched.signer[supports[sides.query_sign[clip]]]
        ]
        assert asks.tolist() == expected
    card = rounds.card
    assert (card["signs"], card["signs_asked"], card["signs_left_out"]) == (3, 2, 0)
    assert (card["gallery_clips"], card["query_clips"]) == (3, 14)
    assert card["queries_a_draw"] == np.mean([len(asks) for asks in rounds.queries])


def test_every_clip_is_a_support_as_often(sides_of: Any, noise_of: NoiseOf) -> None:
    """5 clips: in 600 draws each is the support 120 ± 5·9.8 times."""
    sides = sides_of(noise_of({"a": 5, "b": 5}, signers=5))
    rounds = one_shot(sides, draws=600, seed=3)
    for sign in (0, 1):
        times = Counter(int(supports[sign]) for supports in rounds.galleries)
        assert len(times) == 5
        assert all(abs(count - 120) < 50 for count in times.values())


def test_a_support_leaves_somebody_to_ask_where_it_can(sides_of: Any, noise_of: NoiseOf) -> None:
    """Only p0 asks for a: were one of p0's clips the support, nobody would."""
    clips = [*noise_of({"a": 6, "b": 6}, signers=2), *noise_of({"a": 2, "b": 2}, 1, "val")]
    rounds = one_shot(sides_of(clips, "val", "train"), draws=30)
    assert {len(asks) for asks in rounds.queries} == {4}


def test_a_draw_depends_on_the_seed_and_its_number_alone(sides_of: Any, noise_of: NoiseOf) -> None:
    sides = sides_of(noise_of({"a": 9, "b": 9, "c": 9}))
    few, many, other = one_shot(sides, 3), one_shot(sides, 6), one_shot(sides, 3, seed=1)
    for one, same in zip(few.galleries, many.galleries, strict=False):
        assert one.tolist() == same.tolist()
    assert [g.tolist() for g in few.galleries] != [g.tolist() for g in other.galleries]


def test_clips_of_unknown_signers_have_no_part_in_it(sides_of: Any, noise_of: NoiseOf) -> None:
    clips = [*noise_of({"a": 4, "b": 4}, signers=2), *noise_of({"a": 3, "c": 3}, signers=0)]
    sides = sides_of(clips)
    rounds = one_shot(sides)
    assert rounds.card["clips_left_out"] == 6
    assert rounds.card["signs_left_out_such_as"] == "c"
    assert (sides.searched.signer[np.concatenate(rounds.galleries)] != "").all()
    assert (sides.asking.signer[rounds.asked] != "").all()


def test_what_cannot_be_asked_is_one_line(sides_of: Any, noise_of: NoiseOf) -> None:
    unknown = sides_of(noise_of({"a": 4, "b": 4}, signers=0))
    with pytest.raises(SplitError, match=r"need signers, and no clip of .*--protocol k_shot"):
        one_shot(unknown)
    with pytest.raises(ConfigError, match=r"got --shots 5; type --protocol k_shot --shots 5"):
        one_shot(unknown, shots=5)
    with pytest.raises(ConfigError, match=r"growth is a curve .* type raysign growth MODEL"):
        rounds_of("growth", unknown, draws=None, shots=None, seed=0)


def test_one_signer_cannot_ask_for_what_they_showed(sides_of: Any, noise_of: NoiseOf) -> None:
    sides = sides_of(noise_of({"a": 4, "b": 4}, signers=1))
    with pytest.raises(SplitError, match=r"a query of another signer beside them.*--gallery"):
        one_shot(sides)


def test_signs_whose_signers_are_all_supports_are_not_asked(
    sides_of: Any, noise_of: NoiseOf
) -> None:
    """Two supports of two signers' clips leave nobody of another."""
    sides = sides_of(noise_of({"a": 2, "b": 2, "c": 2}, signers=2))
    with pytest.raises(SplitError, match=r"a query of another signer beside them.*--shots 1"):
        supported(sides, draws=3, shots=2, seed=0, other_signers=True)


def test_signs_that_cannot_be_asked_are_searched(sides_of: Any, noise_of: NoiseOf) -> None:
    three, two = noise_of({"a": 3, "b": 3}, signers=3), noise_of({"c": 2}, signers=2, split="val")
    rounds = supported(sides_of([*three, *two]), draws=3, shots=2, seed=0, other_signers=True)
    assert (rounds.card["signs"], rounds.card["signs_asked"]) == (3, 2)


def test_signs_that_no_draw_leaves_a_query_of_are_said(sides_of: Any, noise_of: NoiseOf) -> None:
    """Of 3 clips by p0 and one by p1, p1 asks where three of p0's are the supports: one in four."""
    clips = [
        replace(clip, signer="p1" if clip.clip_id.endswith("-3") else "p0")
        for clip in noise_of({"a": 4, "b": 4})
    ]
    sides = sides_of(clips)
    with pytest.raises(SplitError, match=r"have a query left in 1 draws .*; type --shots 2"):
        supported(sides, draws=1, shots=3, seed=0, other_signers=True)
    rounds = supported(sides, draws=40, shots=3, seed=0, other_signers=True)
    assert rounds.card["signs_asked"] == 2


def test_copies_of_supports_do_not_ask(sides_of: Any, noise_of: NoiseOf) -> None:
    """A byte-identical clip under another gloss would be a certain miss."""
    clips = noise_of({"a": 4, "b": 4, "c": 4})
    twin = replace(clips[0], clip_id="twin", sign="b", signer="p9")
    sides = sides_of([*clips, twin])
    rounds = one_shot(sides)
    keys, signers = sides.content_keys()[0], sides.asking.signer
    pair = np.flatnonzero(np.isin(sides.asking.clip_id, ["twin", clips[0].clip_id])).tolist()
    dropped = 0
    for asks, supports in zip(rounds.queries, rounds.galleries, strict=True):
        assert not np.isin(keys[asks], keys[supports]).any()
        for one, other in (pair, pair[::-1]):
            met = signers[supports[sides.query_sign[one]]] == signers[one]
            dropped += int(other in supports and not met)
    assert rounds.card["copies_left_out"] == 2
    assert rounds.card["copies_a_draw"] == pytest.approx(dropped / 20)


def test_a_language_through_the_door(models: Any) -> None:
    """Of 20 signs by 6 + 3 signers, each draw asks 8 clips a sign."""
    arguments = [str(models("plain")), "--queries", "synthetic", "--gallery", "synthetic"]
    arguments += ["--protocol", "one_shot", "--draws", "4"]
    world = [f"data.synthetic.{k}" for k in ("language=2", "train_signers=6", "val_signers=3")]
    done = CliRunner().invoke(door, [*arguments, "--json", *world])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert (printed["queries"], printed["gallery"], printed["signs"]) == (20 * 8 * 4, 20, 20)
    assert printed["positives_per_query"] == 1.0
    assert printed["map"] == printed["mrr"]
    assert printed["one_draw"]["mrr_low"] < printed["mrr"] < printed["one_draw"]["mrr_high"]
    assert "by another signer" in printed["card"]["hit"]
    spoken = CliRunner().invoke(door, [*arguments, *world]).stdout
    assert "no query finds a support by its own signer" in spoken
