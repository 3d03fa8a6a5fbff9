"""Which clip is a second recording, and what asking with two of them gains."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch.nn.functional import normalize

from raysign.cli.evaluate import evaluate as door
from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.errors import SplitError
from raysign.evaluate import evaluate
from raysign.evaluate.embedded import Embedded
from raysign.evaluate.protocols import rounds_of
from raysign.evaluate.second_take import second_take
from raysign.evaluate.sides import Sides
from raysign.evaluate.takes import BY, COPY, NONE, Takes
from raysign.ranking import Resampling, Scoring
from raysign.store import write_store
from raysign.synthetic import iter_clips

HOW = Resampling(resamples=50, seed=0)
SidesOf = Callable[..., Sides]


def clip(name: str, sign: str, signer: str = "", split: str = "val", like: str = "") -> Clip:
    """A clip of noise, the same where ``like`` names the same."""
    rng = np.random.default_rng(list((like or name).encode()))
    xyz = rng.random((5, 42, 3), np.float32)
    return Clip(name, xyz, "hands42", sign, signer=signer, split=split)


def drawn(sides: Sides, seed: int = 0) -> dict[str, str]:
    """Of each query the clip that is its second take, or why there is none."""
    everyone = np.arange(len(sides.asking)), np.arange(len(sides.searched))
    takes = Takes.of(sides).drawn(*everyone, np.random.default_rng(seed))
    names = {NONE: "none", COPY: "copy"} | dict(enumerate(sides.asking.clip_id.tolist()))
    return {names[query]: names[take] for query, take in enumerate(takes.tolist())}


def test_the_same_signer_comes_before_another(sides_of: SidesOf) -> None:
    clips = [
        *(clip(f"a-anna-{i}", "a", "anna") for i in range(2)),
        *(clip(f"a-{who}", "a", who) for who in ("bo", "cy", "di", "")),
        clip("b-anna", "b", "anna"),
        *(clip(f"g-{sign}", sign, "zoe", "train") for sign in "ab"),
    ]
    sides = sides_of(clips, "val", "train")
    for seed in range(5):
        found = drawn(sides, seed)
        assert found["a-anna-0"] == "a-anna-1"
        assert found["a-anna-1"] == "a-anna-0"
        assert found["a-bo"] in {"a-anna-0", "a-anna-1", "a-cy", "a-di", "a-"}
        assert found["b-anna"] == "none", "her other clips are of another sign"
    assert len({drawn(sides, seed)["a-bo"] for seed in range(20)}) > 2
    assert drawn(sides, 3) == drawn(sides, 3)


def test_copies_are_no_second_take(sides_of: SidesOf) -> None:
    clips = [
        clip("a1", "a"),
        clip("a1-again", "a", like="a1"),
        clip("b1", "b"),
        clip("b2", "b", like="stolen"),
        clip("b3", "b"),
        clip("g-a", "a", split="train"),
        clip("g-c", "c", split="train", like="stolen"),
    ]
    found = drawn(sides_of(clips, "val", "train"))
    assert found == {"a1": "none", "a1-again": "none", "b1": "b3", "b2": "copy", "b3": "b1"}


def test_a_take_brings_in_no_signer_of_the_gallery(sides_of: SidesOf) -> None:
    clips = [
        clip("anna", "a", "anna"),
        clip("bo", "a", "bo"),
        clip("b-bo", "b", "bo"),
        clip("b-cy", "b", "cy"),
        *(clip(f"g-{s}", s, signer, "train") for s, signer in (("a", "bo"), ("b", "di"))),
    ]
    found = drawn(sides_of(clips, "val", "train"))
    assert found == {"anna": "none", "bo": "anna", "b-bo": "b-cy", "b-cy": "b-bo"}


def test_who_made_the_take(sides_of: SidesOf) -> None:
    clips = [clip(f"{i}", "a", who) for i, who in enumerate(("anna", "anna", "bo", ""))]
    takes = Takes.of(sides_of([*clips, clip("g", "a", split="train")], "val", "train"))
    assert [BY[i] for i in takes.by(np.array([0, 0, 0, 3]), np.array([1, 2, 3, 3]))] == [
        "same_signer",
        "other_signer",
        "signer_not_known",
        "signer_not_known",
    ]


def test_two_takes_ask_as_the_mean_of_both(sides_of: SidesOf) -> None:
    clips = [clip(f"{s}{i}", s, f"p{i}") for s in "abcdef" for i in range(2)]
    clips += [clip("alone", "a9"), clip("g-a9", "a9", split="train")]
    clips += [clip(f"g{s}{i}", s, split="train") for s in "abcdef" for i in range(3)]
    sides = sides_of(clips, "val", "train")
    rng = torch.Generator().manual_seed(0)
    queries, gallery = (
        normalize(torch.randn(len(side), 4, generator=rng), dim=1)
        for side in (sides.asking, sides.searched)
    )
    embedded = Embedded(sides, queries, gallery)
    rounds = rounds_of("clips", sides, draws=None, shots=None, seed=0)
    found = second_take(embedded, rounds, Scoring(), HOW)
    place = {name: i for i, name in enumerate(sides.asking.clip_id.tolist())}
    alone, together = [], []
    for name, sign in zip(sides.asking.clip_id.tolist(), sides.asking.sign, strict=True):
        if name == "alone":
            continue
        other = place[f"{name[0]}{1 - int(name[1])}"]
        for vector, into in (
            (queries[place[name]], alone),
            (queries[place[name]] + queries[other], together),
        ):
            order = sides.searched.sign[(gallery @ vector).argsort(descending=True).numpy()]
            into.append(1 / (1 + order.tolist().index(sign)))
    assert found.alone["mrr"].value == pytest.approx(np.mean(alone))
    assert found.together["mrr"].value == pytest.approx(np.mean(together))
    gain = found.difference["mrr"]
    assert gain.value == pytest.approx(np.mean(together) - np.mean(alone))
    assert gain.low < gain.value < gain.high
    assert (found.card["queries"], found.card["without_second_take"]) == (12, 1)
    assert found.card["takes_by_other_signer"] == 12
    assert set(found.parts) == {"other_signer"}
    assert found.parts["other_signer"]["mrr"] == gain


def test_two_recordings_of_one_noise_find_it_better(sides_of: SidesOf) -> None:
    """Queries are their sign's gallery clip and noise: the mean of two has half of its variance."""
    signs = [f"s{i}" for i in range(80)]
    clips = [clip(f"{s}-{i}", s, f"p{i}") for s in signs for i in range(2)]
    sides = sides_of([*clips, *(clip(f"g{s}", s, split="train") for s in signs)], "val", "train")
    rng = torch.Generator().manual_seed(0)
    of_sign = normalize(torch.randn(80, 16, generator=rng), dim=1)
    noise = torch.randn(160, 16, generator=rng) * 0.35
    queries = normalize(of_sign[torch.from_numpy(sides.query_sign)] + noise, dim=1)
    embedded = Embedded(sides, queries, of_sign[torch.from_numpy(sides.gallery_sign)])
    rounds = rounds_of("clips", sides, draws=None, shots=None, seed=0)
    gain = second_take(embedded, rounds, Scoring(), HOW).difference
    assert gain["recall_at_1"].low > 0.05
    assert gain["mrr"].low > 0.05


def test_a_take_must_not_be_in_the_gallery(model: Path, store: Path) -> None:
    with pytest.raises(SplitError, match=r"no query of .* has a second recording"):
        evaluate(str(model), f"{store}:train", f"{store}:train", takes=2)


@pytest.mark.parametrize("protocol", ["clips", "draws"])
def test_through_the_door(model: Path, tmp_path: Path, protocol: str) -> None:
    """Two signers ask, so that each has a second; in draws it is no clip of the draw's gallery."""
    world = SyntheticConfig(signs=20, train_signers=3, val_signers=2)
    write_store(str(tmp_path / "store"), list(iter_clips(world)))
    told = [str(model), "--queries", f"{tmp_path}/store:val", "--takes", "2"]
    told += ["--gallery", f"{tmp_path}/store:train", "--protocol", protocol]
    told += ["--draws", "2", "--shots", "2"] if protocol == "draws" else []
    done = CliRunner().invoke(door, [*told, "--json"])
    assert done.exit_code == 0, done.output
    take: dict[str, Any] = json.loads(done.stdout)["second_take"]
    assert take["card"]["queries"] == 40
    ends = ("", "_low", "_high", "_below_zero")
    names = ("recall_at_1", "hit_above_fold_6", "mrr")
    assert set(take["difference"]) == {f"{name}{end}" for name in names for end in ends}
    for name in names:
        gain = take["together"][name] - take["alone"][name]
        assert take["difference"][name] == pytest.approx(gain)
    assert take["signer_not_known"] is None
    text = CliRunner().invoke(door, told).stdout
    assert "a second recording of the sign, 40 queries: R@1 ." in text
    assert "0 queries have none, 0 are copies of gallery clips" in text
