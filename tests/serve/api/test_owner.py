"""Exemplars come and go while the dictionary is served."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip, Clips
from raysign.errors import GalleryError
from raysign.gallery import Exemplars, Gallery
from raysign.serve.takes import take_of
from raysign.store import iter_clips


@pytest.fixture
def new(desk: Path) -> Clip:
    """A clip of a signer whom the gallery does not know."""
    return next(clip for clip in iter_clips(desk / "store") if clip.split == "val")


def take(client: Any, clip: Clip) -> str:
    """As if a child had seen it."""
    kept = take_of(clip, kind="camera", name="", landmarks_ms=5.0, expires_s=9.0)

    async def keep() -> None:
        client.service.takes.keep(kept)

    client.run(keep())
    return kept.take.id


def add(client: Any, clip: Clip, **other: Any) -> Any:
    body = {"take": {"id": take(client, clip)}, "sign": "a new sign", **other}
    return client("POST", "/clips", body)


def signs(client: Any, clip: Clip) -> dict[str, Any]:
    """What a clip finds, by sign, in its order."""
    reply = client("POST", "/search", {"takes": [{"id": take(client, clip)}], "count": 100})
    assert reply.status == 200, reply.body
    return {found["sign"]: found for found in reply.json()["signs"]}


def test_a_take_becomes_an_exemplar_and_goes_again(opening: Any, new: Clip) -> None:
    client = opening()
    assert "a new sign" not in signs(client, new)
    reply = add(client, new, sign="  a new\n sign ", signer="somebody")
    assert reply.status == 201, reply.body
    entry = reply.json()
    assert (entry["sign"], entry["signer"], entry["source"]) == (
        "a new sign", "somebody", "recorded",
    )  # fmt: skip
    assert entry["clip_id"].startswith("recorded-")
    assert entry["seconds"] == pytest.approx(len(new.xyz) / 25)
    found = signs(client, new)["a new sign"]
    assert (found["clip_id"], found["clips"]) == (entry["clip_id"], 1)
    assert found["distance"] == pytest.approx(0, abs=0.05), "it is the same movement"
    assert client("GET", "/health").json()["clips"] == 41
    folder = client.service.settings.gallery
    on_disk = Gallery.open(folder, everything=True)
    assert len(on_disk) == 41
    assert "a new sign" in on_disk.exemplars.signs
    assert client("GET", "/clips", sign="a new sign").json()["clips"] == [entry]
    points = client("GET", "/map").json()["points"]
    assert "a new sign" in {point["sign"] for point in points}
    assert client("DELETE", "/clips", clip_id=entry["clip_id"]).status == 204
    assert "a new sign" not in signs(client, new)
    assert len(Gallery.open(folder)) == 40
    points = client("GET", "/map").json()["points"]
    assert "a new sign" not in {point["sign"] for point in points}, "worked out anew"
    gone = client("DELETE", "/clips", clip_id=entry["clip_id"])
    assert gone.problem() == (404, "no_clip")


def test_names_are_data(opening: Any, new: Clip) -> None:
    client = opening()
    name = "../../<b>etc</b>/passwd"
    entry = add(client, new, clip_id=name, sign=name).json()
    assert (entry["clip_id"], entry["sign"]) == (name, name)
    assert add(client, new, clip_id=name).problem() == (409, "taken")
    assert client("GET", "/film", clip_id=name).status == 200
    assert client("GET", "/clips", sign=name).json()["clips"][0]["clip_id"] == name
    assert client("DELETE", "/clips", clip_id=name).status == 204
    assert add(client, new, sign=" \n\u200b ").problem() == (422, "no_name")
    assert add(client, new, sign="").problem() == (422, "not_understood")


def test_a_part_of_a_take(opening: Any, new: Clip) -> None:
    client = opening()
    one = take(client, new)
    body = {"take": {"id": one, "start_s": 0.2, "end_s": 1.0}, "sign": "short"}
    assert client("POST", "/clips", body).json()["seconds"] == pytest.approx(0.8)
    gone = {"take": {"id": "0" * 32}, "sign": "short"}
    assert client("POST", "/clips", gone).problem() == (410, "gone")


def test_only_the_owner(opening: Any, new: Clip) -> None:
    client = opening(read_only=True)
    assert client("GET", "/dictionary").json()["owner"] is False
    assert add(client, new).problem() == (403, "not_allowed")
    assert client("DELETE", "/clips", clip_id="x").problem() == (403, "not_allowed")
    assert client("GET", "/quality").status == 200


def test_the_last_clip_stays(opening: Any, new: Clip) -> None:
    client = opening()
    gallery = Gallery.open(client.service.settings.gallery)
    ids = [one.clip_id for one in gallery.exemplars.at(gallery.exemplars.alive.nonzero()[0])]
    gallery.remove(gallery.exemplars.named(ids[1:]))
    assert client("DELETE", "/clips", clip_id=ids[0]).problem() == (409, "last_clip")
    assert client("GET", "/health").json()["clips"] == 1


def test_clips_of_two_stores_may_have_one_id(opening: Any, new: Clip) -> None:
    """Each is called otherwise, and seen and removed alone."""
    client = opening()
    gallery = Gallery.open(client.service.settings.gallery)
    own, sign = (one := gallery.exemplars.at(np.arange(1))[0]).clip_id, one.sign
    twin = replace(new, clip_id=own, sign="a twin", xyz=new.xyz[:-3], confidence=None)
    clips = Clips.pack([twin])
    vectors = client.service.desk.opened.searcher.embedded(clips)
    gallery.change(add=(vectors, Exemplars.of(clips, "elsewhere")))
    listed = {
        word: [entry["clip_id"] for entry in client("GET", "/clips", sign=word).json()["clips"]]
        for word in (sign, "a twin")
    }
    (there,) = listed["a twin"]
    (here,) = (name for name in listed[sign] if name.startswith(f"{own}@"))
    assert there.startswith(f"{own}@")
    assert signs(client, twin)["a twin"]["clip_id"] == there
    frames = {name: client("GET", "/film", clip_id=name).json()["frames"] for name in (here, there)}
    assert frames[there] != frames[here]
    for name in (here, there, here):  # drawn before, and still their own
        assert client("GET", "/film", clip_id=name).json()["frames"] == frames[name]
    assert client("GET", "/film", clip_id=own).problem() == (404, "no_clip")
    assert client("DELETE", "/clips", clip_id=own).problem() == (404, "no_clip")
    assert add(client, new, clip_id=own).problem() == (409, "taken")
    assert client("DELETE", "/clips", clip_id=there).status == 204
    assert client("GET", "/clips", sign="a twin").problem() == (404, "no_sign")
    assert own in [entry["clip_id"] for entry in client("GET", "/clips", sign=sign).json()["clips"]]


def test_what_another_process_does_is_followed(opening: Any, desk: Path, new: Clip) -> None:
    client = opening()
    before = next(iter(signs(client, new)))
    folder = client.service.settings.gallery
    gallery = Gallery.open(folder)
    less = gallery.remove(gallery.exemplars.named(signs=[before]))
    assert before not in signs(client, new)
    assert client("GET", "/signs").json()["total"] == 19
    card = folder / "gallery.json"
    whole = card.read_text()
    card.write_text("half")
    assert before not in signs(client, new), "what it had goes on"
    card.write_text(whole)
    less.remove(less.exemplars.named(signs=[less.exemplars.signs[0]]))
    client("GET", "/signs")
    assert client("GET", "/signs").json()["total"] == 18


def test_many_changes_and_searches_at_once(opening: Any, new: Clip) -> None:
    client = opening()
    takes = [take(client, replace(new, xyz=new.xyz[: 40 + n], confidence=None)) for n in range(4)]

    async def all_of_them() -> list[Any]:
        adding = [
            client.ask("POST", "/clips", {"take": {"id": one}, "sign": f"new {one}"})
            for one in takes
        ]
        asking = [
            client.ask("POST", "/search", {"takes": [{"id": one}], "count": 2}) for one in takes
        ]
        return list(await asyncio.gather(*adding, *asking))

    replies = client.run(all_of_them())
    assert [reply.status for reply in replies] == [201] * 4 + [200] * 4
    assert len(Gallery.open(client.service.settings.gallery, everything=True)) == 44


def test_another_mistake_is_not_somebody_elses_change(
    opening: Any, new: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*given: Any, **told: Any) -> Any:
        raise GalleryError("its vectors are not of unit length")

    client = opening()
    monkeypatch.setattr(Gallery, "change", damaged)
    status, kind = add(client, new).problem()
    assert (status >= 400, kind != "changing") == (True, True)


def test_a_gallery_that_somebody_else_changes(
    opening: Any, new: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    from raysign.gallery.saving import locked

    monkeypatch.setattr("raysign.serve.owner.changes.PAUSE_S", 0.01)
    client = opening()
    gallery = Gallery.open(client.service.settings.gallery)
    with locked(gallery.folder, gallery.card):
        busy = add(client, new)
        assert busy.problem() == (409, "changing")
        assert int(busy.headers["retry-after"]) >= 1
        assert client("GET", "/health").status == 200
    assert add(client, new).status == 201
