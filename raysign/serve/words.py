"""What the API takes and gives: one model a thing, and through them the OpenAPI document.

Times are in seconds from a recording's first frame. Names of clips and signs come from outside;
they are data, never paths and never HTML.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(max_length=1000)]
MOST_TAKES = 5
MOST_SIGNS = 100


class Words(BaseModel):
    """Closed: a key that nobody reads is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Problem(Words):
    """What every refusal is: one sentence for a person, and a word for programs."""

    kind: str
    """Stable, such as ``too_long``, ``no_person``, ``busy``, ``not_allowed``."""
    text: str
    """What was wrong, and what to do now."""


class Remark(Words):
    """Something about a recording that a person can do better, or should know."""

    kind: str
    """Stable, such as ``few_hands``, ``far``, ``cut_off``, ``dark``."""
    text: str
    level: Literal["hint", "problem"]
    take: int = 1
    """Which recording of a search, from 1."""


class Film(Words):
    """A clip as ``draw/player.js`` plays it; see :class:`raysign.draw.player.Film`."""

    fps: float
    frames: int
    places: str
    """Base64 of little-endian 16-bit numbers [frame point axis]."""


class Activity(Words):
    """Where hands move in a recording: what its timeline shows."""

    step_s: float
    """Between two values; the first belongs to second 0."""
    hands: tuple[int, ...]
    """Hands seen there: 0, 1 or 2."""
    motion: tuple[Share, ...]
    """How much they move, against the most in this recording."""


class Take(Words):
    """One recording, looked at; the server keeps its landmarks for a while, and no picture."""

    id: str
    kind: Literal["camera", "file"]
    name: str
    """The file's name as it was given, without folders; '' of a camera."""
    seconds: float
    fps: float
    frames: int
    width: int
    height: int
    """Pixels of the video."""
    film: Film
    activity: Activity
    signing: tuple[float, float]
    """From the first frame with a hand to the last: the span that the page proposes."""
    remarks: tuple[Remark, ...]
    landmarks_ms: float
    """From the end of the recording (of the upload) to the last landmark."""
    expires_s: float
    """Until it is forgotten, if nobody asks with it."""


class Recording(Words):
    """A camera's recording that has begun."""

    id: str
    longest_s: float
    """It ends by itself after so long."""


class LiveFrame(Words):
    """What one picture of a camera shows."""

    time_ms: float
    """As it was sent."""
    points: tuple[tuple[float, float] | None, ...]
    """Joints of the layout ``holistic75`` in units of picture width and height, origin top left;
    None where not seen. The order is that of ``Dictionary.skeleton.joints``.
    """


class Live(Words):
    """What the server saw in the pictures of one request."""

    frames: tuple[LiveFrame, ...]
    hints: tuple[Remark, ...]
    """What the person can mend now: ``no_person``, ``no_hands``, ``cut_off``, ``far``, ``dark``."""
    behind: int
    """Pictures that were sent and not looked at yet, of all requests."""


class Part(Words):
    """A take, or a part of it, that asks."""

    id: Annotated[str, Field(max_length=64)]
    start_s: Annotated[float, Field(ge=0)] | None = None
    end_s: Annotated[float, Field(gt=0)] | None = None


class Filter(Words):
    """Only signs with one of the values in each list that is not empty."""

    handshape: tuple[Text, ...] = ()
    location: tuple[Text, ...] = ()
    hands: tuple[Literal["one", "two"], ...] = ()


class Landmarks(Words):
    """A clip as numbers, for programs that look at videos themselves."""

    layout: Literal["holistic75", "hands42"]
    fps: Annotated[float, Field(gt=0, le=1000)]
    width: Annotated[int, Field(ge=1, le=16384)]
    height: Annotated[int, Field(ge=1, le=16384)]
    frames: Annotated[int, Field(ge=1, le=100_000)]
    xyz: str
    """Base64 of little-endian float16 [frame joint axis]; x and y in units of width and height,
    NaN where not detected, joints in the layout's order.
    """


class SearchTakes(Words):
    """Ask with recordings that the server has looked at."""

    takes: Annotated[tuple[Part, ...], Field(min_length=1, max_length=MOST_TAKES)]
    """Recordings of one sign; several ask together."""
    count: Annotated[int, Field(ge=1, le=MOST_SIGNS)] = 12
    """How many signs to find; all, where the dictionary has fewer."""
    filter: Filter = Filter()
    keep: bool = False
    """Whether the person agrees that the landmarks are kept; only where the owner asked for it."""


class SearchLandmarks(Words):
    """Ask with landmarks."""

    clips: Annotated[tuple[Landmarks, ...], Field(min_length=1, max_length=MOST_TAKES)]
    count: Annotated[int, Field(ge=1, le=MOST_SIGNS)] = 12
    filter: Filter = Filter()


class Phonology(Words):
    """How a sign is made, where the dictionary knows; words of the source, '' where unknown."""

    handshape: str
    location: str
    movement: str
    hands: Literal["one", "two", ""]


class Found(Words):
    """A sign of an answer."""

    sign: str
    confidence: Share | None
    """Probability that it is the sign asked for; None where not calibrated."""
    words: str
    """The same in words, such as `very likely`; '' where not calibrated."""
    score: float
    cosine: float
    """Of the nearest clip, in -1–1."""
    clips: int
    """Of this sign in the dictionary."""
    clip_id: str
    """The nearest of them,"""
    signer: str
    """by whom."""
    phonology: Phonology | None
    film: Film | None
    """The nearest clip; None where the gallery keeps no landmarks."""
    warp: tuple[float, ...] | None
    """For each frame of the first take's film, the frame of ``film`` that it stands beside."""
    mirrored: bool
    """Whether ``film`` is shown as in a mirror: it was signed with the other hand."""
    distance: float | None
    """Of the alignment: 0 = the same movement."""
    video: bool
    """Whether ``GET /api/v1/video`` has the clip."""


class Asked(Words):
    """A take as it asked: cut to its span."""

    id: str
    """'' of landmarks."""
    film: Film
    warp: tuple[float, ...] | None
    """Beside the first take; None of the first."""
    seconds: float


class Answer(Words):
    """Ranked signs, and how sure that is."""

    id: str
    verdict: str
    """In a few words: the first sign, or that it is not in this dictionary."""
    signs: tuple[Found, ...]
    none_of_these: Share | None
    """Probability that the dictionary does not have the sign; None where not calibrated."""
    unknown: bool
    """Whether that is above the dictionary's threshold."""
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...]
    """What to bear in mind of this answer."""
    asked: tuple[Asked, ...]
    stages_ms: dict[str, float]
    """Milliseconds by stage, in the order in which they ran; ``landmarks`` is the time after the
    recording's end.
    """
    total_ms: float
    of_signs: int
    """Signs that the filter left to choose from."""
    kept: bool
    """Whether the landmarks were kept."""


class Limits(Words):
    """What is refused beyond."""

    upload_bytes: int
    picture_bytes: int
    pixels: int
    """Of one picture or video frame."""
    seconds: float
    """Of a recording or video."""
    takes: int = MOST_TAKES


class ModelWords(Words):
    """Which encoder answers."""

    name: str
    layout: str
    licence: str
    weights_sha256: str


class Skeleton(Words):
    """How a camera's landmarks are drawn over its picture."""

    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    sides: tuple[Literal["left", "right", "body"], ...]
    """Of each joint."""


class Dictionary(Words):
    """What is searched."""

    name: str
    signs: int
    clips: int
    signers: int
    calibrated: bool
    keeps_landmarks: bool
    keeps_queries: bool
    """Whether the owner asks to keep what people search with."""
    owner: bool
    """Whether who asks may change it."""
    synthetic: bool
    """Whether it is the made-up one, for a first look."""
    handshapes: tuple[str, ...]
    locations: tuple[str, ...]
    """Values that ``Filter`` can take; none without phonology."""
    phonology_of: int
    """Signs whose phonology is known."""
    model: ModelWords
    sources: tuple[str, ...]
    limits: Limits
    skeleton: Skeleton
    drawing: dict[str, object]
    """How films are drawn; see :func:`raysign.draw.player.drawing`."""
    inks: dict[str, tuple[str, str]]
    """Colours of the left and right hand, on a light and on a dark page."""
    notes: tuple[str, ...]


class SignEntry(Words):
    """A sign of the dictionary."""

    sign: str
    clips: int
    signers: int
    phonology: Phonology | None


class Signs(Words):
    """A page of the list of signs."""

    total: int
    signs: tuple[SignEntry, ...]


class ClipEntry(Words):
    """An exemplar."""

    clip_id: str
    sign: str
    signer: str
    source: str
    """Name of the store or file that it came from, without folders."""
    seconds: float | None
    hands_seen: Share | None
    """Share of frames between the first and last hand; None where no landmarks are kept."""
    video: bool


class Clips(Words):
    """The exemplars of a sign."""

    clips: tuple[ClipEntry, ...]


class NewClip(Words):
    """A take that becomes an exemplar."""

    take: Part
    sign: Annotated[str, Field(min_length=1, max_length=200)]
    signer: Annotated[str, Field(max_length=200)] = ""
    clip_id: Annotated[str, Field(max_length=200)] = ""
    """'' = one is made."""


class MapPoint(Words):
    """A sign on the map."""

    sign: str
    x: float
    y: float
    clips: int


class SignMap(Words):
    """Signs that look alike stand near each other."""

    points: tuple[MapPoint, ...]
    how: str
    """The method, in one sentence."""


class Confusion(Words):
    """Two signs that are taken for each other."""

    sign: str
    other: str
    times: int
    """Clips of ``sign`` whose nearest clip of another signer, or else of any, is of ``other``."""
    of: int
    """Clips of ``sign`` that were asked."""


class Quality(Words):
    """How good a dictionary's exemplars are."""

    clips_a_sign: dict[str, int]
    """How many signs have so many clips: `1`, `2`, …, `10+`."""
    one_signer: int
    """Signs by one signer only."""
    hands_seen: tuple[int, ...]
    """How many clips show a hand in 0–10 %, …, 90–100 % of their frames; () where unknown."""
    found: Share | None
    """Share of clips whose nearest other clip is of their own sign; None of signs with one clip."""
    confusions: tuple[Confusion, ...]
    """The most frequent first."""


class Health(Words):
    """Alive, and of what version."""

    status: Literal["ok"] = "ok"
    version: str
    signs: int
    clips: int
