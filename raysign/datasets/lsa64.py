"""LSA64: 64 signs of Argentinian Sign Language, 10 signers × 5 repetitions; no official split.

Ronchetti et al., "LSA64: An Argentinian Sign Language Dataset", CACIC 2016. On disk one folder
(``all`` of the raw videos, ``all_cut`` of the cut ones) of ``<sign>_<signer>_<repetition>.mp4``,
three digits each, from 001.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from raysign.datasets.found import Found, files_in, found
from raysign.datasets.table import DATASETS
from raysign.manifest import VideoClip

LSA64 = DATASETS["lsa64"]
SIGNERS, REPETITIONS = 10, 5

SIGNS = (
    *("Opaque", "Red", "Green", "Yellow", "Bright", "Light-blue", "Colors", "Pink"),
    *("Women", "Enemy", "Son", "Man", "Away", "Drawer", "Born", "Learn"),
    *("Call", "Skimmer", "Bitter", "Sweet milk", "Milk", "Water", "Food", "Argentina"),
    *("Uruguay", "Country", "Last name", "Where", "Mock", "Birthday", "Breakfast", "Photo"),
    *("Hungry", "Map", "Coin", "Music", "Ship", "None", "Name", "Patience"),
    *("Perfume", "Deaf", "Trap", "Rice", "Barbecue", "Candy", "Chewing-gum", "Spaghetti"),
    *("Yogurt", "Accept", "Thanks", "Shut down", "Appear", "To land", "Catch", "Help"),
    *("Dance", "Bathe", "Buy", "Copy", "Run", "Realize", "Give", "Find"),
)
"""Sign 001 to 064, from the table of signs at https://facundoq.github.io/datasets/lsa64/ ."""


def find(root: str | Path) -> Found:
    """The videos of the dataset's 3,200 that are in the folder, by sign, signer and repetition."""
    videos = files_in(root)
    rows: list[VideoClip] = []
    missing: list[str] = []
    for sign, signer, repetition in product(
        range(1, len(SIGNS) + 1), range(1, SIGNERS + 1), range(1, REPETITIONS + 1)
    ):
        clip_id = f"{sign:03}_{signer:03}_{repetition:03}"
        video = videos.pop(clip_id, None)
        if video is None:
            missing.append(clip_id)
            continue
        labels = (SIGNS[sign - 1], f"{signer:03}", "", LSA64.language, LSA64.name)
        rows.append(VideoClip(clip_id, str(video), *labels))
    return found(
        rows,
        missing,
        (video.name for video in videos.values()),
        title=LSA64.title,
        folder=Path(root),
        expected="files such as 001_001_001.mp4: give the folder all or all_cut itself",
    )
