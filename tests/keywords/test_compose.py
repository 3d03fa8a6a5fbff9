from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysign.clip import Clip, Clips
from raysign.config import DataConfig, KeywordDataConfig
from raysign.errors import DataError, LayoutError, SplitError
from raysign.keywords import compose
from raysign.keywords.compose import Composed, take_apart
from raysign.sentences import Sentences, SignedSentence
from raysign.skeleton import HOLISTIC75
from raysign.store import describe_sentences, iter_clips, load_sentences, write_sentences
from raysign.train.keywords import read_sentences

SHOULDERS = [HOLISTIC75.joint(f"{side}_shoulder") for side in ("left", "right")]
WRISTS = [HOLISTIC75.joint(f"{side}_wrist") for side in ("left", "right")]
RIGHT_HAND = HOLISTIC75.parts["right_hand"]
DISJOINT = DataConfig(splits="signer_disjoint", val_fraction=0.3, duplicates="drop")


def clip(number: int, frames: int = 12, **known: object) -> Clip:
    """A body somewhere, of some size; the hand is seen but at the ends, the wrist goes along."""
    rng = np.random.default_rng(number)
    width = rng.uniform(0.1, 0.4)
    xyz = np.tile(rng.normal(0, 0.1, (75, 3)), (frames, 1, 1))
    xyz[:, SHOULDERS] = [[width / 2, 0, 0], [-width / 2, 0, 0]]
    xyz[:, WRISTS, :2] = rng.normal(0, width, (2, 2))
    xyz[..., :2] += rng.uniform(0.3, 0.7, 2)
    xyz[:, WRISTS[1], 0] += np.linspace(0, 0.2, frames)
    xyz[: frames // 4, RIGHT_HAND] = np.nan
    xyz[frames - frames // 4 :, 33:] = np.nan
    xyz[:, HOLISTIC75.parts["left_hand"]] = np.nan
    facts = {
        "sign": f"sign {number % 5}",
        "signer": f"s{number % 7}",
        "split": "train",
        "language": "ase",
        "dataset": "made",
        "fps": 25.0,
        "confidence": np.where(np.isnan(xyz[..., 0]), 0.0, 0.9),
    }
    return Clip(f"c{number:02d}", xyz, "holistic75", **{**facts, **known})  # type: ignore[arg-type]


CLIPS = [clip(number) for number in range(40)]


def composed() -> Composed:
    return take_apart(CLIPS, DISJOINT)


def sentences(train: int = 30, val: int = 10, seed: int = 0) -> list[SignedSentence]:
    return list(composed().sentences(train, val, seed))


def test_words_are_the_signs_and_times_are_known() -> None:
    made = sentences()
    assert [one.clip.split for one in made] == ["train"] * 30 + ["val"] * 10
    assert len({one.clip.clip_id for one in made}) == 40
    for one in made:
        assert 3 <= len(one.glosses) <= 8
        assert {gloss.split("-")[0] for gloss in one.glosses} == {"sign"}
        assert one.translation == tuple(w for g in one.glosses for w in g.split("-"))
        assert one.spans is not None
        ends = [at for span in one.spans for at in span]
        assert (ends[0], ends[-1]) == (0, len(one.clip.xyz))
        gaps = np.subtract(ends[2::2], ends[1:-1:2])
        assert ((gaps >= compose.FEWEST_BETWEEN) & (gaps <= compose.MOST_BETWEEN)).all()
    assert {len(one.glosses) for one in made} == set(range(3, 9))
    facts = made[0].clip
    assert (facts.fps, facts.language, facts.dataset) == (25.0, "ase", "made-composed")
    assert (facts.sign, facts.signer, facts.aspect) == ("", "", 1.0)


def test_each_piece_is_its_clip_cut_to_the_hand_and_placed() -> None:
    apart = composed()
    for piece in (*apart.train, *apart.val):
        wanted = piece.clip.xyz[3:-3]
        assert piece.xyz.shape == wanted.shape
        size = np.linalg.norm(np.subtract(*wanted[0, SHOULDERS, :2]))
        back = piece.xyz[..., :2] * size + wanted[0, SHOULDERS, :2].mean(axis=0)
        np.testing.assert_allclose(back, wanted[..., :2], atol=1e-5)


def test_the_body_stands_still_through_the_sentence_and_wrists_do_not_jump() -> None:
    for one in sentences():
        xyz = one.clip.xyz
        np.testing.assert_allclose(
            xyz[:, SHOULDERS].mean(axis=1)[:, :2], [[0.5, 0.4]] * len(xyz), atol=1e-5
        )
        width = xyz[:, SHOULDERS[0], 0] - xyz[:, SHOULDERS[1], 0]
        np.testing.assert_allclose(width, compose.SHOULDERS, atol=1e-5)
        assert one.spans is not None
        for (_, end), (first, _) in zip(one.spans, one.spans[1:], strict=False):
            part = xyz[end - 1 : first + 1, WRISTS, :2]
            way = np.linalg.norm(part[-1] - part[0], axis=-1)
            step = np.linalg.norm(np.diff(part, axis=0), axis=-1).max(axis=0)
            # The steepest of 5 equal steps of 3s² − 2s³ takes .296 of the way.
            assert (step <= 0.3 * way + 1e-6).all()


def test_a_joint_that_one_side_lacks_is_missing_between() -> None:
    plain = [replace(one, confidence=None) for one in CLIPS]
    for clips in (CLIPS, plain):
        for one in take_apart(clips, DISJOINT).sentences(5, 5, 0):
            assert one.clip.confidence is not None
            missing = np.isnan(one.clip.xyz[..., 0])
            assert (one.clip.confidence[missing] == 0).all()
            assert (one.clip.confidence[~missing] > 0).all()
            assert missing[:, HOLISTIC75.parts["left_hand"]].all()
            assert not missing[:, RIGHT_HAND].any()


def test_a_hand_that_only_one_side_has_is_missing_between() -> None:
    one, other = (compose._cut(clip(number)) for number in (1, 2))
    assert one is not None
    assert other is not None
    other.xyz[:, RIGHT_HAND] = np.nan
    other.confidence[:, RIGHT_HAND] = 0.0
    made = compose.join([one, other], "both")
    ((_, end), (first, _)) = made.spans or ()
    between = slice(end, first)
    assert made.clip.confidence is not None
    assert np.isnan(made.clip.xyz[between, RIGHT_HAND]).all()
    assert (made.clip.confidence[between, RIGHT_HAND] == 0).all()
    np.testing.assert_allclose(made.clip.confidence[between, WRISTS], 0.9, rtol=1e-3)


def test_no_clip_and_no_signer_of_val_is_in_train() -> None:
    apart = composed()
    train, val = ({piece.clip.clip_id for piece in part} for part in (apart.train, apart.val))
    assert not train & val
    assert len(train | val) == len(CLIPS)
    signers = [{piece.clip.signer for piece in part} for part in (apart.train, apart.val)]
    assert not signers[0] & signers[1]
    assert f"train is composed of {len(train)} clips of 5 signs" in apart.notes
    assert "signers held out: 2; none of them signs in train" in apart.notes


def test_a_sentence_depends_on_seed_split_and_number_alone() -> None:
    few, many, other = sentences(5, 5), sentences(30, 5), sentences(5, 5, seed=1)
    for one, two in zip(few[:5], many, strict=False):
        assert one.clip.xyz.tobytes() == two.clip.xyz.tobytes()
    for one, two in zip(few[5:], many[30:], strict=True):
        assert one.clip.xyz.tobytes() == two.clip.xyz.tobytes()
    assert [one.glosses for one in few] != [one.glosses for one in other]


def test_no_clip_comes_twice_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = composed().val[:4]
    drawn: list[list[str]] = []

    def watch(chosen: list[compose.Piece], name: str, split: str) -> None:
        drawn.append([piece.clip.clip_id for piece in chosen])

    monkeypatch.setattr(compose, "join", watch)
    list(compose.compose(pieces, 50, "val", 0))
    assert {len(ids) for ids in drawn} == {3, 4}
    assert all(len(set(ids)) == len(ids) for ids in drawn)
    used = Counter(name for ids in drawn for name in ids)
    assert len(used) == 4


def test_pictures_of_several_shapes_and_rates() -> None:
    """What is as wide as it is high stays so, whatever the picture."""
    square = clip(1)
    wide = replace(
        square, clip_id="wide", xyz=square.xyz * [0.5, 1, 0.5], width=200, height=100, fps=30.0
    )
    one, other = (compose._cut(each) for each in (square, wide))
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one.xyz, other.xyz, atol=1e-5)
    assert compose.join([one, other], "both").clip.fps is None


def test_clips_without_a_hand_or_shoulders_are_left_out() -> None:
    handless, headless = (replace(clip(number), xyz=clip(number).xyz.copy()) for number in (50, 51))
    handless.xyz[:, 33:] = np.nan
    headless.xyz[:, SHOULDERS[0]] = np.nan
    apart = take_apart([*CLIPS, handless, headless], DISJOINT)
    ids = {piece.clip.clip_id for part in (apart.train, apart.val) for piece in part}
    assert not ids & {"c50", "c51"}
    assert sum("without a hand or shoulders, left out" in note for note in apart.notes) >= 1


def test_clips_of_one_frame() -> None:
    short = [clip(number, frames=1) for number in range(40)]
    (one,) = take_apart(short, DISJOINT).sentences(1, 0, 0)
    assert one.spans is not None
    assert {end - first for first, end in one.spans} == {1}


def test_what_cannot_be_composed() -> None:
    few = [clip(n, split="val" if n < 2 else "train") for n in range(9)]
    with pytest.raises(DataError, match=r"a sentence takes 3 clips .*; val has 2"):
        take_apart(few, DataConfig(splits="own"))
    hands = Clip("a", np.zeros((2, 42, 3)), "hands42", sign="a", signer="1")
    with pytest.raises(LayoutError, match=r"clips with a body, got layout 'hands42'"):
        take_apart([hands, replace(hands, clip_id="b", signer="2", xyz=hands.xyz + 1)], DISJOINT)
    with pytest.raises(SplitError, match="needs at least 2 signers, got 1"):
        take_apart([clip(1), clip(8)], DISJOINT)
    with pytest.raises(DataError, match="no clips to pack"):
        take_apart([], DISJOINT)


@pytest.mark.real
def test_sentences_of_real_clips(real_data: Path) -> None:
    clips = list(iter_clips(real_data / "wlasl100"))
    config = DataConfig(splits="signer_disjoint", duplicates="drop")
    apart = take_apart(clips, config)
    assert (len(apart.train), len(apart.val)) == (1328, 451)
    content = [
        Clips.pack(piece.clip for piece in part).content() for part in (apart.train, apart.val)
    ]
    assert not np.isin(*content).any()
    shoulders, steps = [], {"inside": [], "between": []}  # type: ignore[var-annotated]
    for one in apart.sentences(20, 20, 0):
        assert not np.isinf(one.clip.xyz.astype(np.float16)).any()
        assert one.spans is not None
        xyz = one.clip.xyz[..., :2]
        shoulders.append(xyz[:, SHOULDERS].mean(axis=(0, 1)))
        step = np.linalg.norm(np.diff(xyz[:, WRISTS], axis=0), axis=-1).max(axis=1)
        for first, end in one.spans:
            steps["inside"] += step[first : end - 1].tolist()
        for (_, end), (first, _) in zip(one.spans, one.spans[1:], strict=False):
            steps["between"] += step[end - 1 : first].tolist()
    np.testing.assert_allclose(np.mean(shoulders, axis=0), compose.CENTRE, atol=0.01)
    assert np.nanmax(steps["between"]) <= 1.5 * np.nanmax(steps["inside"])


def test_a_sentence_keeps_who_signs_in_it_and_of_what_it_is_made(tmp_path: Path) -> None:
    by_name = {one.clip_id: one for one in CLIPS}
    made = sentences()
    for one in made:
        assert one.signers == tuple(by_name[name].signer for name in one.pieces)
        assert one.glosses == tuple("-".join(by_name[name].sign.split()) for name in one.pieces)
    train, val = (
        {s for one in made if one.clip.split == name for s in one.signers}
        for name in ("train", "val")
    )
    assert not train & val
    write_sentences(tmp_path / "s", made)
    read = load_sentences(tmp_path / "s")
    assert read.pieces == tuple(one.pieces for one in made)
    assert read.signed_by() == tuple(one.signers for one in made)
    assert read.fingerprint() == Sentences.pack(made).fingerprint()
    counts = describe_sentences(tmp_path / "s")
    assert (counts["train"].signers, counts["val"].signers) == (len(train), len(val))

    # A training says so, and tells apart where it is not so.
    config = KeywordDataConfig(store=str(tmp_path / "s"))
    split = read_sentences(config)
    assert split.signer_overlap == f"0 of {len(val)} query signers also sign in train"
    mixed = replace(made[-1], signers=(made[0].signers[0], *made[-1].signers[1:]))
    write_sentences(tmp_path / "mixed", [*made[:-1], mixed])
    split = read_sentences(KeywordDataConfig(store=str(tmp_path / "mixed")))
    assert split.signer_overlap.startswith("1 of ")
