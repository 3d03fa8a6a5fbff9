from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.datasets.phoenix14t import Sentence, read_sentences
from raysign.datasets.signed import Joining, signed_by
from raysign.errors import DataError
from raysign.synthetic import World
from raysign.synthetic.sentences import Interpreters

SENTENCES = [
    Sentence("a-1", "train", "Signer01", ("REGEN", "NORD"), "im norden regen .", None, 40),
    Sentence("a-2", "val", "Signer02", ("SONNE",), "sonne", None, 12),
    Sentence("a-3", "train", "Signer01", (), "guten abend", None, 9),
    Sentence("a-4", "test", "Signer03", ("HAGEL", "NORD"), "hagel", None, 30),
]


def clip(name: str, frames: int = 5, split: str = "") -> Clip:
    xyz = np.full((frames, 55, 3), 0.5)
    return Clip(name, xyz, "openpose55", sign="foreign", split=split, fps=25.0)


def keypoints(folder: Path, frames: list[list[Any]]) -> None:
    """OpenPose's files of one sentence; each frame has its people."""
    folder.mkdir(parents=True)
    for number, people in enumerate(frames):
        text = json.dumps({"people": people})
        (folder / f"x_{number:012}_keypoints.json").write_text(text)


def person(at: float = 100.0, sure: float = 0.8) -> dict[str, list[float]]:
    return {
        "pose_keypoints_2d": [at, 120.0, sure] * 25,
        "hand_left_keypoints_2d": [at - 20, 120.0, sure] * 21,
        "hand_right_keypoints_2d": [at + 20, 120.0, sure] * 21,
    }


def test_clips_get_their_words_and_labels() -> None:
    joining = Joining(SENTENCES)
    clips = [clip("dev/a-2", 12, "val"), clip("other"), clip("a-1", 5), clip("a-3")]
    first, second, third = joining.join(clips)
    assert (first.glosses, first.translation, first.spans) == (("SONNE",), ("sonne",), None)
    got = first.clip
    assert (got.clip_id, got.sign, got.signer, got.split) == ("a-2", "", "Signer02", "val")
    assert (got.language, got.dataset, got.fps) == ("gsg", "phoenix14t", 25.0)
    assert second.translation == ("im", "norden", "regen")
    assert third.glosses == ()
    assert joining.notes() == (
        "sentences without landmarks, left out: 1 (a-4)",
        "clips of no sentence, left out: 1",
        "sentences with another number of frames than their table says: 2",
        "sentences without a gloss: 1 (a-3)",
    )


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ([clip("a-1"), clip("dev/a-1")], "two clips are sentence 'a-1'"),
        ([clip("a-1", split="test")], "'a-1' is in test, and train in its table"),
        ([clip("b"), clip("c")], "none of 2 clips is one of the 4 sentences; .* such as 'a-1'"),
        ([], "none of 0 clips"),
    ],
)
def test_clips_that_are_not_the_sentences(clips: list[Clip], message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(Joining(SENTENCES).join(clips))


def test_a_sentence_that_is_listed_twice() -> None:
    with pytest.raises(DataError, match="'a-2' is in the tables more than once"):
        list(Joining([*SENTENCES, SENTENCES[1]]).join([clip("a-1")]))


def test_openpose_folders_become_sentences(tmp_path: Path) -> None:
    """Nobody, one, several people, and a damaged file: it costs its sentence."""
    keypoints(tmp_path / "train" / "a-1", [[], [person()], [person(180, 0.1), person()]])
    keypoints(tmp_path / "dev" / "a-2", [[], []])
    keypoints(tmp_path / "train" / "a-3", [[person()]])
    keypoints(tmp_path / "train" / "foreign", [[person()]])
    (tmp_path / "train" / "a-3" / "x_000000000000_keypoints.json").write_text("{")
    joining = Joining(SENTENCES)
    found = joining.openpose(tmp_path, 210, 260, 25.0)
    nobody, some = joining.join(found.clips())
    assert (some.clip.clip_id, some.clip.layout, some.clip.fps) == ("a-1", "openpose55", 25.0)
    assert np.isnan(some.clip.xyz[0]).all()
    for frame in (1, 2):
        np.testing.assert_allclose(some.clip.xyz[frame, 0, :2], [100 / 210, 120 / 260], rtol=1e-5)
    assert np.isnan(nobody.clip.xyz).all()
    assert [row.clip_id for row in found.failed] == ["a-3"]
    assert joining.notes() == (
        "sentences without landmarks, left out: 2 (a-3, a-4)",
        "clips of no sentence, left out: 1",
        "sentences with another number of frames than their table says: 2",
        "sentences without a landmark in any frame: 1",
        "sentences without a gloss: 1 (a-3)",
    )


def test_openpose_folders_of_something_else(tmp_path: Path) -> None:
    keypoints(tmp_path / "other", [[person()]])
    with pytest.raises(DataError, match=r"none of the 1 folders .* expected a folder called 'a-1'"):
        Joining(SENTENCES).openpose(tmp_path, 210, 260, 25.0)


def test_synthetic_signers_sign_what_has_glosses() -> None:
    world = World(SyntheticConfig(seed=13))
    assert world.signer(0).left_handed  # as somebody is, so nobody has to take their place
    one, two, sealed = signed_by(world, SENTENCES)
    assert [s.clip.clip_id for s in (one, two, sealed)] == ["a-1", "a-2", "a-4"]
    assert [s.clip.split for s in (one, two, sealed)] == ["train", "val", "test"]
    assert [len(s.clip.xyz) for s in (one, two, sealed)] == [40, 12, 30]
    assert (one.clip.signer, one.clip.dataset) == ("Signer01", "phoenix14t-synthetic")
    assert one.translation == ("im", "norden", "regen")
    assert one.spans is not None
    assert len(one.spans) == 2
    # What only test has comes last, and changes nothing of the others.
    others = list(signed_by(world, SENTENCES[:3]))
    for ours, theirs in zip((one, two), others, strict=True):
        assert ours.clip.xyz.tobytes() == theirs.clip.xyz.tobytes()


def test_a_speaker_of_test_alone_changes_nobody_else() -> None:
    """Nobody is left-handed here, so somebody else stands in for one of train and val."""
    world = World(SyntheticConfig(seed=0))
    assert not any(world.signer(number).left_handed for number in range(3))
    one, two, sealed = signed_by(world, SENTENCES)
    others = list(signed_by(world, SENTENCES[:3]))
    for ours, theirs in zip((one, two), others, strict=True):
        assert ours.clip.xyz.tobytes() == theirs.clip.xyz.tobytes()
    people = Interpreters(world, ("REGEN",), ("Signer01", "Signer02"), ("Signer03",))
    assert [people.signer(name).left_handed for name in ("Signer01", "Signer02")] == [False, True]
    assert people.signer("Signer03") == world.signer(2)
    assert sealed.clip.signer == "Signer03"


def test_who_stands_in_is_nobody_else() -> None:
    world = World(SyntheticConfig(seed=0))
    stand_in = next(number for number in range(2, 99) if world.signer(number).left_handed)
    known, sealed = ("a", "b"), tuple(f"t{number}" for number in range(stand_in))
    people = Interpreters(world, ("REGEN",), known, sealed)
    assert people.signer("b") == world.signer(stand_in)
    expected = [number for number in range(2, stand_in + 3) if number != stand_in]
    assert [people.signer(name) for name in sealed] == [
        world.signer(number) for number in expected[: len(sealed)]
    ]


def test_a_length_is_drawn_where_the_table_has_none() -> None:
    (free,) = signed_by(World(SyntheticConfig()), [replace(SENTENCES[0], num_frames=None)])
    assert 15 < len(free.clip.xyz) < 120


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ([SENTENCES[2]], "none of 1 sentences has a gloss"),
        ([replace(SENTENCES[0], num_frames=1)], "'a-1': 2 glosses cannot be signed in 1 frames"),
        ([replace(SENTENCES[0], num_frames=0)], "cannot be signed in 0 frames"),
        ([SENTENCES[0], SENTENCES[0]], "'a-1' is in the tables more than once"),
    ],
)
def test_what_cannot_be_signed(sentences: list[Sentence], message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(signed_by(World(SyntheticConfig()), sentences))


@pytest.mark.real
def test_real_sentences_are_as_long_as_they_were(real_data: Path) -> None:
    sentences = read_sentences(real_data / "phoenix14t")
    some = sentences[::700]
    made = list(signed_by(World(SyntheticConfig()), some))
    assert [len(one.clip.xyz) for one in made] == [one.num_frames for one in some]
    assert [one.glosses for one in made] == [one.glosses for one in some]
    assert {(one.clip.signer, one.clip.split) for one in made} == {
        (one.signer, one.split) for one in some
    }
