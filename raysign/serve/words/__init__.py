"""What the API takes and gives: one model a thing, and through them the OpenAPI document.

Times are in seconds from a recording's first frame. Names of clips and signs come from outside;
they are data, never paths and never HTML.
"""

from raysign.serve.words.base import Given, Health, Problem, Remark, Share, Words
from raysign.serve.words.dictionary import (
    ClipEntry,
    Clips,
    Dictionary,
    Limits,
    ModelWords,
    SignEntry,
    Signs,
    Skeleton,
)
from raysign.serve.words.owner import Confusion, MapPoint, NewClip, Quality, SignMap
from raysign.serve.words.search import (
    MOST_SIGNS,
    MOST_VALUES,
    Answer,
    Asked,
    Filter,
    Found,
    Landmarks,
    Phonology,
    SearchLandmarks,
    SearchTakes,
    Text,
)
from raysign.serve.words.takes import (
    MOST_TAKES,
    Activity,
    Film,
    Live,
    LiveFrame,
    Part,
    Recording,
    Take,
)

__all__ = [
    "MOST_SIGNS",
    "MOST_TAKES",
    "MOST_VALUES",
    "Activity",
    "Answer",
    "Asked",
    "ClipEntry",
    "Clips",
    "Confusion",
    "Dictionary",
    "Film",
    "Filter",
    "Found",
    "Given",
    "Health",
    "Landmarks",
    "Limits",
    "Live",
    "LiveFrame",
    "MapPoint",
    "ModelWords",
    "NewClip",
    "Part",
    "Phonology",
    "Problem",
    "Quality",
    "Recording",
    "Remark",
    "SearchLandmarks",
    "SearchTakes",
    "Share",
    "SignEntry",
    "SignMap",
    "Signs",
    "Skeleton",
    "Take",
    "Text",
    "Words",
]
