"""A made-up dictionary: its signs, films, takes and answers, in the API's words."""

from __future__ import annotations

import io
from functools import cache

import av
import numpy as np

from raysign.config import SyntheticConfig
from raysign.draw import player
from raysign.search.answer import in_words
from raysign.serve.words import (
    Activity,
    Asked,
    ClipEntry,
    Confusion,
    Film,
    Found,
    Phonology,
    Quality,
    Remark,
    SignEntry,
    Take,
)
from raysign.skeleton import HOLISTIC75
from raysign.synthetic import World

FPS = 25.0
FILM_FROM_S = 0.4
"""Where films begin in the owner's videos."""
SIGNED = "black"
"""What every recording shows."""
# fmt: off
WORDS = (
    "black", "hearing", "tell", "hat", "candy", "full", "wrong", "cook", "clothes",
    "cousin", "pizza", "help", "shirt", "want", "who", "give", "drink", "computer",
    "before", "chair", "go", "cool", "thin", "walk", "year", "finish", "man",
    "mother", "yes", "table", "later", "play", "deaf", "fine", "apple", "bird",
)
# fmt: on
SHAPES = ("open_b", "flat_o", "1", "5", "s", "y", "bent_v")
PLACES = ("Head", "Body", "Hand", "Neutral", "Arm")
REMARKS = {
    "long": Remark(
        kind="long",
        text="Hands are seen for 12 s, and one sign takes 1 to 3: give the part that shows one "
        "sign.",
        level="hint",
    ),
    "few_hands": Remark(
        kind="few_hands",
        text="The hands were found in only 31 % of the frames: film in good light, with both hands "
        "in the picture.",
        level="problem",
    ),
}


@cache
def landmarks(word: str, signer: int) -> np.ndarray:
    """[frame joint axis] of a sign."""
    world = World(SyntheticConfig())
    number = WORDS.index(word) if word in WORDS else len(WORDS)
    return world.clip(world.sign(number), world.signer(signer)).xyz


def film_of(xyz: np.ndarray) -> Film:
    return Film(**player.Film.of(xyz, HOLISTIC75, aspect=1.0, fps=FPS).as_json())


@cache
def film(word: str, signer: int) -> Film:
    return film_of(landmarks(word, signer))


def phonology(word: str) -> Phonology:
    number = sum(map(ord, word))
    return Phonology(
        handshape=SHAPES[number % len(SHAPES)],
        location=PLACES[number % len(PLACES)],
        movement="Curved",
        hands="two" if number % 2 else "one",
    )


def take(
    name: str, kind: str, file: str, *, seconds: float = 0.0, remarks: tuple[str, ...] = ()
) -> Take:
    """A recording of ``SIGNED``, with rest around it where it is longer than the sign."""
    xyz = landmarks(SIGNED, 1)
    signing_s = len(xyz) / FPS
    around = max(round(seconds * FPS) - len(xyz), 0) // 2
    rest = xyz[:1].copy()
    rest[:, HOLISTIC75.parts["left_hand"]] = rest[:, HOLISTIC75.parts["right_hand"]] = np.nan
    xyz = np.concatenate([rest.repeat(around, 0), xyz, rest.repeat(around, 0)])
    start_s = around / FPS
    step_s = np.arange(0, len(xyz) / FPS, 0.1)
    inside = (step_s >= start_s) & (step_s < start_s + signing_s)
    motion = np.where(inside, 0.15 + 0.8 * np.abs(np.sin(3 * step_s)), 0)
    return Take(
        id=name,
        kind="camera" if kind == "camera" else "file",
        name=file,
        seconds=len(xyz) / FPS,
        fps=FPS,
        frames=len(xyz),
        width=640,
        height=480,
        film=film_of(xyz),
        activity=Activity(
            step_s=0.1,
            hands=tuple((inside * (1 + (np.sin(step_s) > 0.4))).astype(int).tolist()),
            motion=tuple(motion.tolist()),
        ),
        signing=(start_s, start_s + signing_s),
        remarks=tuple(REMARKS[kind] for kind in remarks),
        landmarks_ms=180.0,
        expires_s=900,
    )


def asked(name: str, number: int) -> Asked:
    """The take in that place, from 0, as it asked."""
    shown = film(SIGNED, 1 + number)
    return Asked(
        id=name,
        film=shown,
        warp=warp_to(SIGNED, 1 + number) if number else None,
        seconds=shown.frames / FPS,
    )


def warp_to(word: str, signer: int) -> tuple[float, ...]:
    """From frames of the first take to those of another clip, bent a little."""
    share = np.linspace(0, 1, film(SIGNED, 1).frames)
    bent = share + 0.12 * np.sin(2 * np.pi * share) * (-1) ** len(word)
    return tuple((bent.clip(0, 1) * (film(word, signer).frames - 1)).tolist())


def found(
    word: str, place: int, confidence: float | None, clips: int, *, films: bool, video: bool
) -> Found:
    """A sign in that place of the answer, from 0."""
    signer = 2 + place % 3
    return Found(
        sign=word,
        confidence=confidence,
        words="" if confidence is None else in_words(confidence),
        score=0.9 - place / 50,
        cosine=0.95 - place / 50,
        clips=clips,
        clip_id=f"{word}-0",
        signer=str(signer),
        phonology=phonology(word),
        film=film(word, signer) if films else None,
        warp=warp_to(word, signer) if films else None,
        mirrored=place == 3,
        distance=0.2 + place / 10 if films else None,
        video=video,
        film_from_s=FILM_FROM_S if video and films else None,
    )


@cache
def video(codec: str) -> bytes:
    """Five seconds, a shade of grey for each frame."""
    told = io.BytesIO()
    with av.open(told, "w", format="mp4") as out:
        stream = out.add_stream(codec, rate=round(FPS))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in range(round(5 * FPS)):
            rgb = np.full((48, 64, 3), 2 * shade, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        out.mux(stream.encode())
    return told.getvalue()


def entry(word: str, clips: int) -> SignEntry:
    return SignEntry(sign=word, clips=clips, signers=clips, phonology=phonology(word))


def clip(clip_id: str, word: str, signer: str, *, video: bool = False) -> ClipEntry:
    return ClipEntry(
        clip_id=clip_id,
        sign=word,
        signer=signer,
        source="wlasl100:train",
        seconds=1.8,
        hands_seen=0.94,
        video=video,
    )


QUALITY = Quality(
    clips_a_sign={"1": 9, "2": 15, "3": 12, "4": 0, "10+": 0},
    one_signer=9,
    hands_seen=(0, 0, 1, 0, 2, 3, 4, 9, 20, 35),
    found=0.81,
    learned=30,
    measured="Asked with 80 recordings that are not in it: of 100 queries, 5 are wrong.",
    confusions=(
        Confusion(sign="drink", other="cool", times=2, of=3),
        Confusion(sign="table", other="before", times=1, of=3),
        Confusion(sign="mother", other="fine", times=1, of=1),
    ),
)
