"""Opening a dictionary, the made-up one too, and what is left when it closes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from raysign.config import SyntheticConfig
from raysign.errors import DataError, GalleryError
from raysign.search.searcher import Searcher
from raysign.serve.dictionary import Service
from raysign.serve.made_up import make_up, named_clips
from raysign.serve.settings import ServeSettings


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_nothing_is_left_of_it(opening: Any) -> None:
    client = opening(extractors=2, cameras=2)
    service = client.service
    pids = [child.pid for child in (*service.videos.extractors, *service.cameras.extractors)]
    assert len(set(pids)) == 4
    time.sleep(0.5)
    assert all(map(running, pids))
    figures = service.figures()
    assert figures["raysign_extractor_children"] == 4
    folder = service.uploads.folder
    assert folder.is_dir()
    service.close()
    assert not any(map(running, pids))
    assert not folder.exists()


def test_what_keeps_it_from_opening(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="does not exist"):
        Service.open(ServeSettings(gallery=tmp_path / "nowhere"))
    with pytest.raises(DataError, match="ASL-LEX"):
        Service.open(ServeSettings(gallery=tmp_path, phonology=tmp_path / "none.csv"))
    with pytest.raises(DataError, match="none is given"):
        Service.open(ServeSettings(model="default"))


@pytest.mark.slow
def test_the_made_up_dictionary_finds_its_signs(tmp_path: Path) -> None:
    began_s = time.process_time()
    folder = make_up(tmp_path)
    assert time.process_time() - began_s < 30
    searcher = Searcher.open(folder)
    card = searcher.gallery.card
    assert (card.counts.signs, card.counts.clips) == (60, 360)
    assert card.confidence is not None
    assert searcher.gallery.exemplars.signs[:2] == ("sign 01", "sign 02")
    asking = [clip for clip in named_clips(SyntheticConfig()) if clip.split == "val"][::6]
    found = [[f.sign for f in searcher.answer([clip], 6, mirror=True).signs] for clip in asking]
    first = [clip.sign == signs[0] for clip, signs in zip(asking, found, strict=True)]
    six = [clip.sign in signs for clip, signs in zip(asking, found, strict=True)]
    assert sum(first) / len(first) > 0.5
    assert sum(six) / len(six) > 0.9
