from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysign.clip import Clip, Clips
from raysign.config import DataConfig
from raysign.errors import SplitError
from raysign.splits import DuplicateReport, Split, duplicates, split_clips
from raysign.store import load_clips

if TYPE_CHECKING:
    from pathlib import Path

Row = tuple[str, str, str, int]
"""Sign, signer, split, and a number for the landmarks: equal numbers are identical clips."""


def clips(rows: list[Row]) -> Clips:
    return Clips.pack(
        Clip(
            str(i),
            np.full((2, 42, 3), content, dtype=np.float16),
            "hands42",
            sign=sign,
            signer=signer,
            split=split,
        )
        for i, (sign, signer, split, content) in enumerate(rows)
    )


def world(signs: int = 10, signers: int = 5) -> Clips:
    """Every signer signs every sign once; the last two signers are val."""
    return clips(
        [
            (f"s{i}", f"p{j}", "val" if j >= signers - 2 else "train", i * signers + j)
            for i in range(signs)
            for j in range(signers)
        ]
    )


def test_own_is_the_datasets() -> None:
    split = split_clips(world(), DataConfig())
    assert set(split.train.split) == {"train"}
    assert set(split.queries.split) == {"val"}
    assert (len(split.train), len(split.queries)) == (30, 20)
    assert split.gallery is split.train
    assert split.notes == ()


@pytest.mark.parametrize("fraction", [0.01, 0.4, 0.99])
def test_signer_disjoint_shares_no_signer(fraction: float) -> None:
    split = split_clips(world(), DataConfig(splits="signer_disjoint", val_fraction=fraction))
    held = set(split.queries.signer)
    assert held.isdisjoint(split.train.signer)
    assert len(held) == {0.01: 1, 0.4: 2, 0.99: 4}[fraction]
    assert len(split.queries) + len(split.train) == 50
    assert split.gallery is split.train
    assert f"signers held out: {len(held)};" in split.notes[0]


def test_sign_disjoint_never_trains_on_a_val_sign() -> None:
    split = split_clips(world(), DataConfig(splits="sign_disjoint", val_fraction=0.3))
    held = set(split.queries.sign)
    assert len(held) == 3
    assert held == set(split.gallery.sign)
    assert held.isdisjoint(split.train.sign)
    assert set(split.queries.split) == {"val"}
    assert set(split.train.split) == set(split.gallery.split) == {"train"}
    assert (len(split.train), len(split.queries), len(split.gallery)) == (21, 6, 9)


@pytest.mark.parametrize("mode", ["signer_disjoint", "sign_disjoint"])
def test_the_seed_decides_who_is_held_out(mode: str) -> None:
    def held(seed: int) -> tuple[str, ...]:
        config = DataConfig(splits=mode, split_seed=seed, val_fraction=0.3)
        return tuple(split_clips(world(20, 10), config).queries.clip_id)

    assert held(1) == held(1)
    assert len({held(seed) for seed in range(5)}) > 1


def test_unknown_signs_and_signers_are_left_out_and_counted() -> None:
    rows = [("a", "1", "train", 0), ("a", "2", "val", 1), ("", "1", "train", 2)]
    rows += [("a", "", "train", 3), ("a", "", "", 4)]
    own = split_clips(clips(rows), DataConfig())
    assert own.train.clip_id.tolist() == ["0", "3"]
    assert own.notes == ("1 clips without a sign are left out",)
    disjoint = split_clips(clips(rows), DataConfig(splits="signer_disjoint"))
    assert sorted([*disjoint.train.clip_id, *disjoint.queries.clip_id]) == ["0", "1"]
    assert "2 clips without a signer are left out" in disjoint.notes


NAMELESS: list[Row] = [
    *[("a", "1", "train", 0), ("a", "2", "val", 1), ("b", "3", "train", 2), ("b", "4", "val", 3)],
    *[("", "1", "train", 4), ("", "1", "", 5), ("", "2", "val", 6), ("", "", "train", 1)],
]


def test_clips_without_a_sign_are_kept_apart_where_asked_for() -> None:
    split = split_clips(clips(NAMELESS), DataConfig(), unlabelled=True)
    assert split.unlabelled is not None
    assert split.unlabelled.clip_id.tolist() == ["4", "5", "7"]
    assert split.notes[:2] == (
        "3 clips without a sign train as well",
        "1 clips without a sign are left out",
    )
    assert split.train.clip_id.tolist() == ["0", "2"]
    assert split.gallery is split.train
    without = split_clips(clips(NAMELESS), DataConfig())
    assert without.unlabelled is None
    assert without.notes[0] == "4 clips without a sign are left out"
    assert split_clips(world(), DataConfig(), unlabelled=True).unlabelled is None


@pytest.mark.parametrize("seed", range(4))
def test_of_those_none_is_by_a_signer_who_is_held_out(seed: int) -> None:
    config = DataConfig(splits="signer_disjoint", split_seed=seed, val_fraction=0.5)
    rows = [
        *NAMELESS,
        ("a", "3", "", 8),
        ("", "3", "val", 9),
        ("b", "2", "", 10),
        ("", "4", "", 11),
    ]
    rows += [("b", "1", "", 12)]
    split = split_clips(clips(rows), config, unlabelled=True)
    signers = set(split.unlabelled.signer) if split.unlabelled else set()
    assert signers == set(split.train.signer)
    assert "" not in signers


def test_of_those_none_may_be_of_a_sign_that_is_held_out() -> None:
    config = DataConfig(splits="sign_disjoint", val_fraction=0.5)
    split = split_clips(clips(NAMELESS), config, unlabelled=True)
    assert split.unlabelled is None
    assert split.notes[0] == "4 clips without a sign are left out"


def test_of_those_what_equals_a_query_is_dropped_too() -> None:
    split = split_clips(clips(NAMELESS), DataConfig(duplicates="drop"), unlabelled=True)
    assert split.unlabelled is not None
    assert split.unlabelled.clip_id.tolist() == ["4", "5"]
    assert "1 clips without a sign equal a query, and are dropped" in split.notes
    kept = split_clips(clips(NAMELESS), DataConfig(), unlabelled=True)
    assert any("1 clips without a sign equal a query, and train as well" in x for x in kept.notes)


def test_queries_without_a_positive_are_counted() -> None:
    rows = [("a", "1", "train", 0), ("a", "2", "val", 1)]
    rows += [("b", "2", "val", 2), ("b", "3", "val", 3), ("c", "3", "val", 4)]
    split = split_clips(clips(rows), DataConfig())
    assert len(split.queries) == 4
    assert split.notes == ("3 of 4 queries (2 signs) have no positive",)


def test_a_split_with_no_positives_is_refused() -> None:
    rows = [("a", "1", "train", 0), ("b", "2", "val", 1)]
    with pytest.raises(SplitError, match="a split with no positives: none of the 1 queries"):
        split_clips(clips(rows), DataConfig())


@pytest.mark.parametrize(
    ("rows", "mode", "message"),
    [
        ([("a", "1", "train", 0)], "own", r"leaves val \(queries\) without .* are 1 train"),
        ([("a", "1", "val", 0)], "own", "leaves train without .* are 1 val"),
        (
            [("a", "", "", 0), ("", "", "val", 0)],
            "own",
            "the 2 clips read are 1 in no split, 1 val",
        ),
        ([("a", "1", "train", 0)] * 3, "signer_disjoint", "needs at least 2 signers, got 1"),
        ([("a", "", "train", 0)] * 3, "signer_disjoint", "needs at least 2 signers, got 0"),
        (
            [("a", "1", "train", 0), ("a", "2", "val", 1), ("b", "1", "train", 2)],
            "sign_disjoint",
            "needs at least 2 signs with train and val clips, got 1; take data.splits=own",
        ),
    ],
)
def test_a_part_that_would_be_empty_is_refused(rows: list[Row], mode: str, message: str) -> None:
    with pytest.raises(SplitError, match=message) as caught:
        split_clips(clips(rows), DataConfig(splits=mode))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mode", ["own", "signer_disjoint"])
def test_labels_that_do_not_do_are_mended_in_the_manifest(mode: str) -> None:
    rows: list[Row] = [("a", "", "", 0), ("a", "", "", 1)]
    config = DataConfig(splits=mode, store="my stores/one")
    with pytest.raises(
        SplitError, match=r"`raysign data manifest 'my stores/one' --out clips"
    ) as e:
        split_clips(clips(rows), config)
    assert str(e.value).endswith("clips.csv --out 'my stores/one' --update` takes them in")


DUPLICATED: list[Row] = [
    ("a", "1", "train", 1),  # 0, as 4 and 5
    ("b", "1", "train", 1),  # 1, as 0
    ("b", "1", "train", 2),  # 2, as 6
    ("c", "1", "train", 3),  # 3, as 7, both train
    ("a", "2", "val", 1),
    ("a", "2", "val", 1),
    ("b", "2", "val", 2),
    ("c", "1", "train", 3),
    ("c", "2", "val", 9),
]


def test_duplicates_are_counted_and_kept() -> None:
    split = split_clips(clips(DUPLICATED), DataConfig())
    assert duplicates(split) == DuplicateReport(
        pairs=5,  # 4 and 5 with 0 and 1; 6 with 2
        pairs_other_sign=2,
        queries=3,
        train_clips=3,
        groups=3,
        grouped_clips=8,
        groups_other_sign=1,
        groups_across=2,
    )
    assert len(split.train) == 5
    assert "3 queries are byte-identical to a train or gallery clip (5 pairs, 2 " in split.notes[1]
    assert "`data.duplicates=drop`" in split.notes[2]


def test_dropping_takes_what_a_query_equals_out_of_train() -> None:
    split = split_clips(clips(DUPLICATED), DataConfig(duplicates="drop"))
    assert split.train.clip_id.tolist() == ["3", "7"]
    assert split.gallery is split.train
    assert len(split.queries) == 4
    assert duplicates(split).pairs == 0
    assert "those 3 train or gallery clips are dropped" in split.notes
    assert "3 of 4 queries (2 signs) have no positive" in split.notes


def test_dropping_the_last_positive_is_refused() -> None:
    rows = [*DUPLICATED[:3], *DUPLICATED[4:7], ("d", "1", "train", 8)]
    with pytest.raises(SplitError, match="no positives"):
        split_clips(clips(rows), DataConfig(duplicates="drop"))


def test_a_part_that_dropping_copies_leaves_empty_is_refused() -> None:
    """Whichever sign is held out, a copy of its query is all that would train."""
    rows = [("a", "1", "train", 0), ("b", "2", "train", 1), ("a", "3", "val", 1)]
    rows += [("b", "4", "val", 0)]
    for seed in range(4):
        config = DataConfig(splits="sign_disjoint", split_seed=seed)
        assert len(split_clips(clips(rows), config).train) == 1
        drop = config.model_copy(update={"duplicates": "drop"})
        with pytest.raises(SplitError, match=r"leaves train without clips: all 1 .*type data\.dup"):
            split_clips(clips(rows), drop)
    own = [("a", "1", "train", 0), ("a", "2", "val", 0)]
    with pytest.raises(SplitError, match="duplicates=drop leaves train without clips"):
        split_clips(clips(own), DataConfig(duplicates="drop"))


def test_dropping_reaches_train_and_gallery_of_unseen_signs() -> None:
    rows = [(f"s{i}", "1", split, 10 * i) for i in range(6) for split in ("train", "val")]
    rows += [(f"s{i}", "1", "train", 10 * i + 1) for i in range(6)]
    rows += [(f"s{i}", "1", "train", 10 * j) for i in range(6) for j in range(6)]
    config = DataConfig(splits="sign_disjoint", duplicates="drop", val_fraction=0.5)
    split = split_clips(clips(rows), config)
    asked = set(split.queries.content().tolist())
    for part in (split.train, split.gallery):
        assert len(part)
        assert asked.isdisjoint(part.content().tolist())
    kept = split_clips(clips(rows), config.model_copy(update={"duplicates": "keep"}))
    assert duplicates(kept).train_clips == sum(
        len(kept_part) - len(part)
        for kept_part, part in [(kept.train, split.train), (kept.gallery, split.gallery)]
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_duplicates_against_two_loops(data: st.DataObject) -> None:
    row = st.tuples(st.sampled_from("abc"), st.just("1"), st.just("train"), st.integers(0, 4))
    parts = [data.draw(st.lists(row, min_size=1, max_size=6)) for _ in range(3)]
    one_gallery = data.draw(st.booleans())
    train, queries, gallery = map(clips, parts)
    split = Split(train, queries, train if one_gallery else gallery)
    others = parts[0] if one_gallery else parts[0] + parts[2]
    pairs = [(q, o) for q in parts[1] for o in others if q[3] == o[3]]
    groups = defaultdict(list)
    for sign, _, _, content in parts[1] + others:
        groups[content].append(sign)
    groups = {content: signs for content, signs in groups.items() if len(signs) > 1}
    assert duplicates(split) == DuplicateReport(
        pairs=len(pairs),
        pairs_other_sign=sum(q[0] != o[0] for q, o in pairs),
        queries=sum(any(q[3] == o[3] for o in others) for q in parts[1]),
        train_clips=sum(any(q[3] == o[3] for q in parts[1]) for o in others),
        groups=len(groups),
        grouped_clips=sum(map(len, groups.values())),
        groups_other_sign=sum(len(set(signs)) > 1 for signs in groups.values()),
        groups_across=len({q[3] for q, _ in pairs}),
    )


@pytest.mark.real
def test_real_duplicates(real_data: Path) -> None:
    """The README of the data counts 18 pairs in wlasl100; two of them reach into the test split."""
    wlasl100 = load_clips(real_data / "wlasl100")
    report = duplicates(split_clips(wlasl100, DataConfig()))
    assert (report.groups, report.grouped_clips, report.groups_other_sign) == (16, 32, 5)
    assert (report.pairs, report.queries, report.train_clips, report.groups_across) == (7, 7, 7, 7)
    counted = Counter(wlasl100.content().tolist())
    assert sum(count > 1 for count in counted.values()) == 16
    dropped = split_clips(wlasl100, DataConfig(duplicates="drop"))
    assert (len(dropped.train), len(dropped.queries)) == (1435, 338)


@pytest.mark.real
def test_real_signers_are_disjoint(real_data: Path) -> None:
    split = split_clips(load_clips(real_data / "wlasl100"), DataConfig(splits="signer_disjoint"))
    assert set(split.train.signer).isdisjoint(split.queries.signer)
    assert (len(split.train), len(split.queries)) == (1328, 452)
