"""Landmarks ask; the answer as a page needs it."""

from __future__ import annotations

import asyncio
import base64
import json
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.search.alignment import mirrored
from raysign.search.searcher import Searcher
from raysign.serve.ask import asking
from raysign.store import iter_clips, load_clips


def clips(desk: Path, split: str) -> list[Clip]:
    return [clip for clip in iter_clips(desk / "store") if clip.split == split]


def landmarks(clip: Clip) -> dict[str, Any]:
    return {
        "layout": clip.layout,
        "fps": clip.fps,
        "width": clip.width,
        "height": clip.height,
        "frames": len(clip.xyz),
        "xyz": base64.b64encode(clip.xyz.astype("<f2").tobytes()).decode(),
    }


def ask(client: Any, *asking: Clip, **other: Any) -> Any:
    body = {"clips": [landmarks(clip) for clip in asking], **other}
    reply = client("POST", "/search/landmarks", body)
    assert reply.status == 200, reply.body
    return reply.json()


@pytest.fixture
def phonology(desk: Path, tmp_path: Path) -> tuple[Path, list[str]]:
    """A table that knows five of the signs: the first three are made with one hand."""
    signs = sorted({clip.sign for clip in clips(desk, "val")})[:5]
    header = "EntryID,LemmaID,Handshape.2.0,SelectedFingers.2.0,Flexion.2.0,MajorLocation.2.0,"
    header += "MinorLocation.2.0,Movement.2.0,SignType.2.0\n"
    rows = [
        f"{sign},{sign},{n},i,Bent,Head,Chin,,{'OneHanded' if n < 3 else 'Symmetrical'}\n"
        for n, sign in enumerate(signs)
    ]
    path = tmp_path / "phonology.csv"
    path.write_text(header + "".join(rows))
    return path, signs


def test_the_answer_is_the_searchers(client: Any, desk: Path) -> None:
    query = clips(desk, "val")[3]
    answer = ask(client, query, count=20)
    said = Searcher.open(client.service.settings.gallery).answer([query], 20, mirror=True)
    assert [one["sign"] for one in answer["signs"]] == [found.sign for found in said.signs]
    for one, found in zip(answer["signs"], said.signs, strict=True):
        assert one["score"] == pytest.approx(found.score, abs=1e-5)
        assert (one["clip_id"], one["signer"]) == (found.best.clip_id, found.best.signer)
        assert one["clips"] == 2
        assert one["confidence"] is None
        assert (one["words"], one["phonology"], one["video"]) == ("", None, False)
    assert answer["verdict"] == f"Nearest: {said.signs[0].sign}"
    assert answer["of_signs"] == 20
    assert any("never measured" in note for note in answer["notes"])
    assert not any("raysign" in note or "/" in note for note in answer["notes"])
    assert answer["kept"] is False


def test_films_go_in_step_with_the_first_recording(client: Any, desk: Path) -> None:
    one, other = clips(desk, "val")[:2]
    answer = ask(client, one, other, count=4)
    first, second = answer["asked"]
    assert (first["id"], first["warp"]) == ("", None)
    assert len(second["warp"]) == first["film"]["frames"]
    for found in answer["signs"]:
        warp = np.array(found["warp"])
        assert len(warp) == first["film"]["frames"]
        assert (np.diff(warp) >= 0).all()
        assert 0 <= warp[0] <= warp[-1] <= found["film"]["frames"] - 1
        assert found["distance"] >= 0
        places = np.frombuffer(base64.b64decode(found["film"]["places"]), "<u2")
        assert len(places) % (2 * found["film"]["frames"]) == 0


def test_a_left_handed_signer_gets_the_same_answers(client: Any, desk: Path) -> None:
    """By construction: clip and mirror image ask together."""
    for query in clips(desk, "val")[:4]:
        right, left = ask(client, query, count=20), ask(client, mirrored(query), count=20)
        assert [found["sign"] for found in left["signs"]] == [f["sign"] for f in right["signs"]]
        scores = [[found["score"] for found in answer["signs"]] for answer in (left, right)]
        np.testing.assert_allclose(*scores, atol=2e-3)


def test_a_filter_chooses_before_signs_are_ranked(
    opening: Any, desk: Path, phonology: tuple[Path, list[str]]
) -> None:
    path, signs = phonology
    client, query = opening(phonology=path), clips(desk, "val")[3]
    every = [found["sign"] for found in ask(client, query, count=20)["signs"]]
    for wanted, left in (
        ({"hands": ["one"]}, signs[:3]),
        ({"handshape": ["0", "4"]}, [signs[0], signs[4]]),
        ({"location": ["Head"], "hands": ["two"]}, signs[3:]),
    ):
        answer = ask(client, query, count=12, filter=wanted)
        assert [f["sign"] for f in answer["signs"]] == [sign for sign in every if sign in left]
        assert answer["of_signs"] == len(left)
        assert any(f"among {len(left)} of 20 signs" in note for note in answer["notes"])
        assert answer["signs"][0]["phonology"]["location"] == "Head"
    nothing = ask(client, query, filter={"handshape": ["none such"]})
    assert (nothing["signs"], nothing["of_signs"]) == ([], 0)
    assert nothing["verdict"] == "No sign was found"
    told = client("GET", "/dictionary").json()
    assert (told["phonology_of"], told["locations"]) == (5, ["Head"])
    assert told["handshapes"] == ["0", "1", "2", "3", "4"]
    listed = client("GET", "/signs", find=signs[0]).json()["signs"][0]
    assert listed["phonology"]["hands"] == "one"


def test_how_sure_a_sign_is_does_not_depend_on_the_filter(
    opening: Any, desk: Path, phonology: tuple[Path, list[str]]
) -> None:
    from raysign.gallery import Gallery
    from raysign.search.calibration import calibrate_gallery

    client = opening(phonology=phonology[0])
    store, folder = f"{desk}/store:val", client.service.settings.gallery
    calibrate_gallery(Gallery.open(folder), queries=[store], say=lambda line: None)
    query = clips(desk, "val")[3]
    every = ask(client, query, count=20)
    sure = {found["sign"]: found["confidence"] for found in every["signs"]}
    assert all(0 <= value <= 1 for value in sure.values())
    answer = ask(client, query, filter={"hands": ["one"]})
    assert answer["none_of_these"] == every["none_of_these"]
    for found in answer["signs"]:
        assert found["confidence"] == pytest.approx(sure[found["sign"]], abs=1e-6)
        assert found["words"]
    assert client("GET", "/dictionary").json()["calibrated"] is True


def test_more_signs_than_there_are(client: Any, desk: Path) -> None:
    assert len(ask(client, clips(desk, "val")[0], count=100)["signs"]) == 20
    too_many = {"clips": [landmarks(clips(desk, "val")[0])], "count": 101}
    assert client("POST", "/search/landmarks", too_many).problem() == (422, "not_understood")


def test_what_is_not_a_question(client: Any, desk: Path) -> None:
    good = landmarks(clips(desk, "val")[0])
    for body, kind in (
        ({"clips": []}, "not_understood"),
        ({"clips": [good] * 6}, "not_understood"),
        ({"clips": [{**good, "layout": "openpose55"}]}, "not_understood"),
        ({"clips": [good], "extra": 1}, "not_understood"),
        ({"clips": [{**good, "fps": 0}]}, "not_understood"),
        ({"clips": [{**good, "frames": 7}]}, "not_understood"),
        ({"clips": [{**good, "fps": 1}]}, "too_long"),
        ({"takes": []}, "not_understood"),
    ):
        assert client("POST", "/search/landmarks", body).problem() == (422, kind), body.keys()
    hands = replace(clips(desk, "val")[0], xyz=clips(desk, "val")[0].xyz[:, 33:], confidence=None,
                    layout="hands42")  # fmt: skip
    refused = client("POST", "/search/landmarks", {"clips": [landmarks(hands)]})
    assert refused.problem() == (422, "layout")


def test_queries_are_kept_where_owner_and_person_agree(
    opening: Any, desk: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    client, query = opening(keep_queries=folder), clips(desk, "val")[3]
    assert client("GET", "/dictionary").json()["keeps_queries"] is True
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    take = keep_take(client, query)
    asked = {"takes": [{"id": take}], "count": 3}
    assert client("POST", "/search", asked).json()["kept"] is False
    assert list(folder.iterdir()) == []
    answer = client("POST", "/search", {**asked, "keep": True}).json()
    assert answer["kept"] is True
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"{answer['id']}.json", f"{answer['id']}.parquet"]
    told = json.loads((folder / names[0]).read_text())
    assert told["signs"][0]["sign"] == answer["signs"][0]["sign"]
    assert set(told) == {"id", "signs", "none_of_these"}
    store = load_clips(folder)
    np.testing.assert_array_equal(store.landmarks(0), query.xyz.astype(np.float16))
    assert (store.sign.tolist(), store.signer.tolist()) == ([""], [""])
    assert take not in "".join(path.read_bytes().decode("latin-1") for path in folder.iterdir())


def test_a_take_is_kept_once_and_the_folder_has_an_end(
    opening: Any, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kept"
    client, query = opening(keep_queries=folder), clips(desk, "val")[3]
    asked = {"takes": [{"id": keep_take(client, query)}], "keep": True}
    for _ in range(3):
        assert client("POST", "/search", asked).json()["kept"] is True
    assert len(list(folder.iterdir())) == 2
    asked["takes"].append({"id": keep_take(client, query)})
    assert client("POST", "/search", asked).json()["kept"] is True
    assert len(load_clips(folder).sign) == 2, "of both recordings, the new one"
    monkeypatch.setattr("raysign.serve.ask.keeping.MOST_FILES", 4)
    late = {"takes": [{"id": keep_take(client, query)}], "keep": True}
    assert client("POST", "/search", late).json()["kept"] is False
    assert len(list(folder.iterdir())) == 4
    assert client("GET", "/dictionary").json()["keeps_queries"] is False


def test_a_long_take_asks_with_a_part_of_it_alone(client: Any, desk: Path) -> None:
    clip = clips(desk, "val")[3]
    frames = np.resize(np.arange(len(clip.xyz)), round(31 * (clip.fps or 25)))
    take = keep_take(client, replace(clip, xyz=clip.xyz[frames], confidence=None))
    refused = client("POST", "/search", {"takes": [{"id": take}]})
    assert refused.problem() == (422, "too_long")
    assert "at most 30 seconds can ask" in refused.json()["text"]
    part = {"id": take, "start_s": 2, "end_s": 4}
    assert client("POST", "/search", {"takes": [part]}).status == 200


def test_who_waits_for_the_search_of_another_is_told_how_long(client: Any, desk: Path) -> None:
    asked = {"takes": [{"id": keep_take(client, clips(desk, "val")[3])}]}

    async def both() -> Any:
        busy = asyncio.create_task(client.service.desk.ask(lambda opened: time.sleep(0.3)))
        await asyncio.sleep(0)
        answer = await client.ask("POST", "/search", asked)
        await busy
        return answer.json()["stages_ms"]

    stages = client.run(both())
    assert list(stages)[:2] == ["landmarks", "wait"]
    assert stages["wait"] > 150


def test_nobody_waits_for_the_drawing_of_another(
    client: Any, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"takes": [{"id": keep_take(client, clips(desk, "val")[3])}]}
    drawing, go, draw = threading.Event(), threading.Event(), asking.shown

    def slow(*given: Any, **told: Any) -> Any:
        drawing.set()
        assert go.wait(60)
        return draw(*given, **told)

    monkeypatch.setattr(asking, "shown", slow)

    async def meanwhile() -> Any:
        answer = asyncio.create_task(client.ask("POST", "/search", asked))
        assert await asyncio.to_thread(drawing.wait, 60)
        try:
            await asyncio.wait_for(client.service.desk.ask(lambda opened: None), 20)
        finally:
            go.set()
        return await answer

    assert client.run(meanwhile()).status == 200


def test_nothing_is_kept_where_the_owner_does_not_ask(client: Any, desk: Path) -> None:
    take = keep_take(client, clips(desk, "val")[3])
    answer = client("POST", "/search", {"takes": [{"id": take}], "keep": True})
    assert answer.json()["kept"] is False


def keep_take(client: Any, clip: Clip) -> str:
    """A take of these landmarks, as if a child had seen them."""
    from raysign.serve.takes import take_of

    kept = take_of(clip, kind="camera", name="", landmarks_ms=5.0, expires_s=9.0)

    async def keep() -> None:
        client.service.takes.keep(kept)

    client.run(keep())
    return kept.take.id
