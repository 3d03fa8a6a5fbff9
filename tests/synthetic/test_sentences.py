from __future__ import annotations

import dataclasses
import time
from itertools import pairwise

import numpy as np
import pytest

from raysign.config.data import SyntheticConfig
from raysign.errors import DataError
from raysign.sentences import SignedSentence
from raysign.skeleton import HOLISTIC75
from raysign.synthetic import Sign, Signer, World
from raysign.synthetic.continuous import perform_all
from raysign.synthetic.performance import FPS
from raysign.synthetic.sentences import Interpreters

WORLD = World(SyntheticConfig())
GLOSSES = tuple(f"G{number:02d}" for number in range(40))
SPEAKERS = tuple(f"Signer{number:02d}" for number in range(1, 10))
PEOPLE = Interpreters(WORLD, GLOSSES, SPEAKERS)
WRISTS = [HOLISTIC75.joint(f"{side}_wrist") for side in ("left", "right")]


def sign(
    name: str, *glosses: str, frames: int | None = None, by: str = "Signer01"
) -> SignedSentence:
    return PEOPLE.sentence(name, glosses, by, num_frames=frames)


def drawn(number: int) -> tuple[tuple[str, ...], int]:
    """Some glosses, and about as many frames as PHOENIX has for so many."""
    rng = np.random.default_rng(number)
    glosses = tuple(rng.choice(GLOSSES, int(rng.integers(2, 12))).tolist())
    return glosses, round(15 * len(glosses) * float(rng.uniform(0.8, 1.3)))


@pytest.mark.parametrize("frames", [3, 16, 45, 400, 5000])
def test_a_sentence_has_the_length_that_is_asked_for(frames: int) -> None:
    made = sign("a", "G03", "G14", "G03", frames=frames)
    assert made.clip.xyz.shape == (frames, 75, 3)
    assert (made.clip.layout, made.clip.fps, made.clip.signer) == ("holistic75", 25.0, "Signer01")
    assert (made.clip.sign, made.clip.language) == ("", "qaa")
    assert made.spans is not None
    ends = [0, *(at for span in made.spans for at in span), frames]
    assert ends == sorted(ends)  # in order, apart, and inside; SignedSentence checks the rest


def test_without_a_length_it_takes_its_time() -> None:
    lengths = [len(sign("a", *GLOSSES[:count]).clip.xyz) for count in (1, 2, 8, 16)]
    assert lengths == sorted(lengths)
    assert 0.3 < lengths[-1] / 16 / FPS < 1.5  # seconds a gloss; PHOENIX has .6


def test_one_frame_and_one_gloss() -> None:
    assert sign("a", "G00", frames=1).spans == ((0, 1),)


def test_the_same_name_gives_the_same_bytes_whoever_came_before() -> None:
    first = sign("a", "G01", "G02", frames=40)
    sign("b", "G05")
    again = Interpreters(World(SyntheticConfig()), (*GLOSSES, "NEW"), SPEAKERS).sentence(
        "a", ("G01", "G02"), "Signer01", num_frames=40
    )
    assert first.clip.xyz.tobytes() == again.clip.xyz.tobytes()
    assert first.spans == again.spans
    for other in (
        sign("b", "G01", "G02", frames=40),
        sign("a", "G02", "G01", frames=40),
        sign("a", "G01", "G02", frames=40, by="Signer02"),
    ):
        assert other.clip.xyz.tobytes() != first.clip.xyz.tobytes()


@pytest.mark.parametrize(
    ("glosses", "frames", "by", "message"),
    [
        ((), 10, "Signer01", "sentence 'a': a sentence needs at least one gloss"),
        (("G01", "G02"), 1, "Signer01", "sentence 'a': 2 glosses cannot be signed in 1 frames"),
        (("G01",), 0, "Signer01", "cannot be signed in 0 frames"),
        (("G77",), 10, "Signer01", "sentence 'a': unknown gloss 'G77'"),
        (("G01",), 10, "Nobody", "unknown speaker 'Nobody'; there are Signer01, Signer02"),
    ],
)
def test_what_cannot_be_signed(
    glosses: tuple[str, ...], frames: int, by: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        PEOPLE.sentence("a", glosses, by, num_frames=frames)


@pytest.mark.parametrize("seed", range(8))
def test_one_of_a_corpus_speakers_is_left_handed(seed: int) -> None:
    for count in (2, 9):
        some = Interpreters(World(SyntheticConfig(seed=seed)), GLOSSES, SPEAKERS[:count])
        people = [some.signer(speaker) for speaker in some.speakers]
        assert sum(one.left_handed for one in people) == 1
        assert len({one.index for one in people}) == count


def speeds(
    glosses: tuple[str, ...], frames: int, signer: Signer, seed: int
) -> dict[str, list[float]]:
    """Metres a second of the signing wrist, in signs and between them."""
    signs = [WORLD.sign(GLOSSES.index(gloss)) for gloss in glosses]
    whole, spans = perform_all(signs, signer, frames, np.random.default_rng(seed))
    wrist = whole.joints[:, WRISTS[0 if signer.left_handed else 1]]
    speed = FPS * np.linalg.norm(np.diff(wrist, axis=0), axis=1)
    inside = [v for first, end in spans for v in speed[first : end - 1].tolist()]
    gaps = pairwise(spans)
    between = [v for (_, end), (first, _) in gaps for v in speed[end - 1 : first].tolist()]
    return {"inside": inside, "between": between}


def test_the_hand_goes_from_sign_to_sign_without_a_jump() -> None:
    found: dict[str, list[float]] = {"inside": [], "between": []}
    for number in range(25):
        glosses, frames = drawn(number)
        made = speeds(glosses, frames, WORLD.signer(number % 9), number)
        for where, values in made.items():
            found[where] += values
    assert len(found["between"]) > 600
    assert max(found["between"]) <= 1.5 * max(found["inside"])
    assert np.quantile(found["between"], 0.99) <= 1.5 * np.quantile(found["inside"], 0.99)


def facing(joints: np.ndarray) -> np.ndarray:
    """Where the palms face, [hand frame axis], from knuckles and wrist."""
    hands = np.stack([joints[:, HOLISTIC75.parts[part]] for part in ("left_hand", "right_hand")])
    normal = np.cross(hands[:, :, 9] - hands[:, :, 0], hands[:, :, 5] - hands[:, :, 17])
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def test_the_palm_never_flips_over_from_one_frame_to_the_next() -> None:
    turns = []
    for number in range(25):
        signs = [WORLD.sign(int(i)) for i in np.random.default_rng(number).integers(0, 400, 8)]
        whole, _ = perform_all(signs, WORLD.signer(number % 9), None, np.random.default_rng(number))
        way = facing(whole.joints)
        cosine = (way[:, 1:] * way[:, :-1]).sum(-1).clip(-1, 1)
        turns.append(np.rad2deg(np.arccos(cosine)).ravel())
    assert np.concatenate(turns).max() < 120
    assert np.quantile(np.concatenate(turns), 0.999) < 90


def test_there_is_no_rest_between_signs() -> None:
    for number in range(20):
        glosses, frames = drawn(number)
        signs = [WORLD.sign(GLOSSES.index(gloss)) for gloss in glosses]
        signer = WORLD.signer(number % 9)
        whole, spans = perform_all(signs, signer, frames, np.random.default_rng(number))
        up = whole.raised[0 if signer.left_handed else 1]
        np.testing.assert_allclose(up[spans[0][0] : spans[-1][1]], 1)
        assert up[0] < 1


def hands_of(*kinds: str) -> list[np.ndarray]:
    """How far the other hand is raised in the middle of signs of these kinds, one after another."""
    by_kind = {
        kind: next(s for s in map(WORLD.sign, range(200)) if s.hands == kind)
        for kind in ("one", "both", "base")
    }
    signs = [by_kind[kind] for kind in kinds]
    signer = dataclasses.replace(WORLD.signer(0), lag_s=0.0)
    whole, spans = perform_all(signs, signer, None, np.random.default_rng(0))
    assert not signer.left_handed
    return [whole.raised[0, first:end] for first, end in spans]


def test_the_other_hand_stays_up_where_it_is_needed_soon_and_sinks_where_not() -> None:
    needed = hands_of("both", "one", "base")
    assert min(part.min() for part in needed) == 1
    idle = hands_of("both", *["one"] * 8, "both")
    assert idle[0].min() == idle[-1].min() == 1
    assert idle[4].max() == 0
    assert max(part.max() for part in hands_of("one", "one")) == 0


def test_a_transition_is_longer_where_the_hand_goes_farther() -> None:
    signer = dataclasses.replace(WORLD.signer(0), tempo=1.0)
    ways, frames = [], []
    for number in range(40):
        signs = [WORLD.sign(int(i)) for i in np.random.default_rng(number).integers(0, 400, 2)]
        whole, ((_, end), (first, _)) = perform_all(signs, signer, None, np.random.default_rng(1))
        wrist = whole.joints[:, WRISTS[1]]
        ways.append(float(np.linalg.norm(wrist[first] - wrist[end - 1])))
        frames.append(first - end)
    assert np.corrcoef(ways, frames)[0, 1] > 0.7


def test_a_sign_is_drawn_towards_its_neighbours() -> None:
    """The same sign, the same chance: beside others its place is nearer to theirs."""
    signer = WORLD.signer(0)
    low, high = (
        next(
            s for s in map(WORLD.sign, range(400)) if s.location.name == place and s.hands == "one"
        )
        for place in ("low", "forehead")
    )

    def height(*signs: Sign) -> float:
        whole, spans = perform_all(signs, signer, None, np.random.default_rng(0))
        first, end = spans[1]
        return float(whole.joints[first:end, WRISTS[1], 1].mean())

    assert height(high, low, high) < height(low, low, low) - 0.03  # y points down


def test_it_is_fast() -> None:
    """7,615 sentences in minutes: a sentence in milliseconds, some tens at the very most."""
    begun = time.process_time()
    for number in range(20):
        glosses, frames = drawn(number)
        sign(f"n{number}", *glosses, frames=frames)
    assert (time.process_time() - begun) / 20 < 0.2
