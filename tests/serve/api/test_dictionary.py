"""What is searched, as the API tells it."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.skeleton import HOLISTIC75


def test_what_a_page_needs_to_know(client: Any) -> None:
    told = client("GET", "/dictionary").json()
    assert (told["signs"], told["clips"], told["signers"]) == (20, 40, 2)
    assert (told["calibrated"], told["keeps_landmarks"], told["keeps_queries"]) == (
        False, True, False,
    )  # fmt: skip
    assert (told["owner"], told["synthetic"]) == (True, False)
    assert told["sources"] == ["store:train"], "and not where it lies"
    assert told["model"]["name"] == "model"
    assert told["model"]["layout"] == "holistic75"
    assert told["limits"]["pixels"] == 40_000
    assert told["limits"]["seconds"] == 5
    skeleton = told["skeleton"]
    assert skeleton["joints"] == list(HOLISTIC75.joints)
    assert len(skeleton["sides"]) == 75
    assert set(skeleton["sides"][33:54]) == {"left"}
    assert set(skeleton["sides"][:33]) == {"body"}
    assert len(skeleton["bones"]) > 50
    assert not any("knee" in skeleton["joints"][j] for bone in skeleton["bones"] for j in bone)
    assert told["drawing"]["points"] > 0
    assert set(told["inks"]) == {"left", "right"}


def test_health_counts(client: Any) -> None:
    assert client("GET", "/health").json() == {
        "status": "ok", "version": client("GET", "/health").json()["version"], "signs": 20,
        "clips": 40,
    }  # fmt: skip


def test_signs_are_listed_and_found(client: Any) -> None:
    every = client("GET", "/signs").json()
    assert every["total"] == len(every["signs"]) == 20
    names = [entry["sign"] for entry in every["signs"]]
    assert names == sorted(names)
    assert all((entry["clips"], entry["signers"]) == (2, 2) for entry in every["signs"])
    page = client("GET", "/signs", offset=5, limit=3).json()
    assert (page["total"], [entry["sign"] for entry in page["signs"]]) == (20, names[5:8])
    found = client("GET", "/signs", find=names[4].upper()).json()
    assert [entry["sign"] for entry in found["signs"]] == [
        name for name in names if names[4] in name
    ]
    assert client("GET", "/signs", find="no such sign").json() == {"total": 0, "signs": []}
    for wrong in ({"offset": -1}, {"limit": 0}, {"limit": 10_000}, {"find": "x" * 300}):
        assert client("GET", "/signs", **wrong).problem() == (422, "not_understood")


def test_a_signs_clips_and_their_films(client: Any) -> None:
    sign = client("GET", "/signs").json()["signs"][0]["sign"]
    clips = client("GET", "/clips", sign=sign).json()["clips"]
    assert [clip["sign"] for clip in clips] == [sign] * 2
    assert {clip["source"] for clip in clips} == {"store"}
    assert all(clip["seconds"] > 0.5 and 0.5 < clip["hands_seen"] <= 1 for clip in clips)
    assert not any(clip["video"] for clip in clips)
    film = client("GET", "/film", clip_id=clips[0]["clip_id"]).json()
    places = np.frombuffer(base64.b64decode(film["places"]), "<u2")
    points = client("GET", "/dictionary").json()["drawing"]["points"]
    assert len(places) == film["frames"] * points * 2
    assert client("GET", "/clips", sign="no such sign").problem() == (404, "no_sign")
    assert client("GET", "/film", clip_id="../g").problem() == (404, "no_clip")
    assert client("GET", "/film").problem() == (422, "not_understood")


def test_films_are_drawn_while_somebody_searches(client: Any) -> None:
    sign = client("GET", "/signs").json()["signs"][1]["sign"]
    clip_id = client("GET", "/clips", sign=sign).json()["clips"][0]["clip_id"]
    go, desk = threading.Event(), client.service.desk
    searching = desk._thread.submit(go.wait, 60)
    film = client("GET", "/film", clip_id=clip_id)
    assert not searching.done()
    go.set()
    assert film.status == 200
    kept = len(client.service.films)
    assert client("GET", "/film", clip_id=clip_id).body == film.body
    assert len(client.service.films) == kept


def test_the_owners_videos_and_no_other_file(opening: Any, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    client = opening(videos=folder)
    sign = client("GET", "/signs").json()["signs"][0]["sign"]
    clip_id, other = (
        clip["clip_id"] for clip in client("GET", "/clips", sign=sign).json()["clips"]
    )
    (folder / f"{clip_id}.mp4").write_bytes(b"0123456789")
    (folder / "of no clip.mp4").write_bytes(b"private")
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    (folder / f"{other}.mp4").symlink_to(tmp_path / "secret.mp4")
    listed = client("GET", "/clips", sign=sign).json()["clips"]
    assert {clip["clip_id"]: clip["video"] for clip in listed} == {clip_id: True, other: False}
    whole = client("GET", "/video", clip_id=clip_id)
    assert (whole.status, whole.body) == (200, b"0123456789")
    assert whole.headers["content-type"] == "video/mp4"
    part = client("GET", "/video", None, {"range": "bytes=2-4"}, clip_id=clip_id)
    assert (part.status, part.body) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    for wrong in (other, "of no clip", "../secret", "../secret.mp4", str(tmp_path / "secret.mp4")):
        assert client("GET", "/video", clip_id=wrong).status == 404
    assert client("GET", "/video", clip_id="../secret").problem() == (404, "no_clip")


def test_without_videos_there_is_none(client: Any) -> None:
    sign = client("GET", "/signs").json()["signs"][0]["sign"]
    clip_id = client("GET", "/clips", sign=sign).json()["clips"][0]["clip_id"]
    assert client("GET", "/video", clip_id=clip_id).problem() == (404, "no_video")


@pytest.mark.parametrize("path", ["/map", "/quality"])
def test_what_the_dictionary_looks_like_is_worked_out_once(client: Any, path: str) -> None:
    first = client("GET", path)
    assert first.status == 200, first.body
    again = client("GET", path)
    assert again.body == first.body


def test_the_map_and_the_quality(client: Any) -> None:
    points = client("GET", "/map").json()["points"]
    names = [entry["sign"] for entry in client("GET", "/signs").json()["signs"]]
    assert [point["sign"] for point in points] == names
    assert all(-1 <= point["x"] <= 1 and -1 <= point["y"] <= 1 for point in points)
    quality = client("GET", "/quality").json()
    assert quality["clips_a_sign"]["2"] == 20
    assert quality["one_signer"] == 0
    assert sum(quality["hands_seen"]) == 40
    assert 0 <= quality["found"] <= 1
    for confusion in quality["confusions"]:
        assert confusion["sign"] != confusion["other"]
        assert 1 <= confusion["times"] <= confusion["of"] == 2
