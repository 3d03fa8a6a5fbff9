"""A camera's recording, from its first picture to a take."""

from __future__ import annotations

import asyncio
import io
import json
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from raysign.errors import ExtractionError

SIGNS = 150
"""A shade in which the stand-in sees a person and two hands."""


def jpeg(shade: int, size: tuple[int, int] = (160, 120)) -> bytes:
    told = io.BytesIO()
    Image.fromarray(np.full((*size[::-1], 3), shade, np.uint8)).save(told, "JPEG", quality=95)
    return told.getvalue()


def form(
    pictures: list[bytes], times: Any, number: int | None = None
) -> tuple[bytes, dict[str, str]]:
    """As a browser's FormData is sent."""
    parts = [
        b'Content-Disposition: form-data; name="frames"; filename="blob"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + picture
        for picture in pictures
    ]
    told = times if isinstance(times, str) else json.dumps(times)
    parts.append(b'Content-Disposition: form-data; name="times_ms"\r\n\r\n' + told.encode())
    if number is not None:
        parts.append(b'Content-Disposition: form-data; name="number"\r\n\r\n%d' % number)
    body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"
    return body, {"content-type": "multipart/form-data; boundary=edge"}


def begin(client: Any) -> str:
    """At once: a place that was given back is free for the next one."""
    begun = client("POST", "/recordings")
    assert begun.status == 201, begun.body
    return str(begun.json()["id"])


def send(client: Any, recording: str, pictures: list[bytes], times: Any) -> Any:
    return client("POST", f"/recordings/{recording}/frames", *form(pictures, times))


def record(client: Any, shades: list[int], fps: float = 25) -> Any:
    """A recording's end."""
    recording = begin(client)
    for start in range(0, len(shades), 4):
        part = range(start, min(start + 4, len(shades)))
        sent = send(
            client, recording, [jpeg(shades[n]) for n in part], [1000 * n / fps for n in part]
        )
        assert sent.status == 200, sent.body
    return client("POST", f"/recordings/{recording}/end")


def test_pictures_become_a_take_that_asks(client: Any) -> None:
    recording = begin(client)
    live = send(client, recording, [jpeg(SIGNS), jpeg(SIGNS)], [0, 40]).json()
    assert [frame["time_ms"] for frame in live["frames"]] == [0, 40]
    joints = live["frames"][0]["points"]
    assert len(joints) == 75
    assert all(len(point) == 2 for point in joints)
    assert (live["hints"], live["behind"]) == ([], 0)
    for n in range(2, 30, 4):
        send(client, recording, [jpeg(SIGNS)] * 4, [40 * (n + k) for k in range(4)])
    assert client("GET", "/health").status == 200
    end = client("POST", f"/recordings/{recording}/end")
    assert end.status == 200
    take = end.json()
    assert (take["kind"], take["name"], take["frames"]) == ("camera", "", 30)
    assert take["fps"] == pytest.approx(25)
    assert (take["width"], take["height"]) == (160, 120)
    assert 0 <= take["landmarks_ms"] < 60_000
    assert take["id"] != recording
    assert client("GET", f"/takes/{take['id']}").json() == take
    answer = client("POST", "/search", {"takes": [{"id": take["id"]}], "count": 3})
    assert answer.status == 200, answer.body
    found = answer.json()
    assert len(found["signs"]) == 3
    told = [stage for stage in found["stages_ms"] if stage != "wait"]
    assert told == ["landmarks", "prepare", "embed", "search", "draw"]
    assert found["stages_ms"]["landmarks"] == pytest.approx(take["landmarks_ms"], abs=0.01)
    assert found["total_ms"] == pytest.approx(sum(found["stages_ms"].values()), abs=0.01)
    again = client("POST", "/search", {"takes": [{"id": take["id"]}], "count": 3}).json()
    assert "landmarks" not in again["stages_ms"], "nobody waited for them again"
    assert client("DELETE", f"/takes/{take['id']}").status == 204
    assert client("GET", f"/takes/{take['id']}").problem() == (410, "gone")


def test_the_last_pictures_are_waited_for_and_the_sender_is_not(client: Any) -> None:
    recording = begin(client)
    send(client, recording, [jpeg(SIGNS)] * 4, [0, 40, 80, 120])
    began_s = time.perf_counter()
    send(client, recording, [jpeg(SIGNS)] * 4, [160, 200, 240, 280])
    looking_ms = 1000 * (time.perf_counter() - began_s)
    time.sleep(1.5)
    began_s = time.perf_counter()
    take = client("POST", f"/recordings/{recording}/end").json()
    ending_ms = 1000 * (time.perf_counter() - began_s)
    assert 0 < take["landmarks_ms"] < looking_ms + ending_ms
    assert take["landmarks_ms"] > 1, "a JPEG is decoded, at least"


def test_what_the_person_can_mend_is_said_at_once(client: Any) -> None:
    recording = begin(client)
    live = send(client, recording, [jpeg(2)] * 3, [0, 40, 80]).json()
    assert [hint["kind"] for hint in live["hints"]] == ["no_person", "dark"]
    assert live["frames"][0]["points"] == [None] * 75
    client("DELETE", f"/recordings/{recording}")


def test_places_are_few_and_given_back(opening: Any) -> None:
    client = opening(cameras=2)
    first, second = begin(client), begin(client)
    busy = client("POST", "/recordings")
    assert busy.problem() == (503, "busy")
    assert int(busy.headers["retry-after"]) > 0
    assert client.service.figures()["raysign_live_cameras"] == 2
    assert client("DELETE", f"/recordings/{first}").status == 204
    assert client("DELETE", f"/recordings/{first}").status == 204
    third = begin(client)
    assert third not in (first, second)
    assert send(client, first, [jpeg(SIGNS)], [0]).problem() == (410, "gone")
    assert send(client, third, [jpeg(SIGNS)], [0]).status == 200
    assert client("POST", f"/recordings/{first}/end").problem() == (410, "gone")


def test_a_recording_of_which_nothing_is_heard_loses_its_place(
    opening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysign.serve.takes.cameras.SILENT_S", 0.2)
    client = opening()
    silent = begin(client)
    time.sleep(0.3)
    begin(client)
    assert send(client, silent, [jpeg(SIGNS)], [0]).problem() == (410, "gone")


def test_a_place_outlives_a_child_that_cannot_start(
    opening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = opening()
    recording = begin(client)
    (extractor,) = client.service.cameras.extractors
    with monkeypatch.context() as full:

        def no_room(*, wait: bool) -> Any:
            raise ExtractionError("the extraction process could not start: Too many open files")

        full.setattr(extractor, "_start", no_room)
        assert send(client, recording, [jpeg(255)], [0]).problem() == (422, "recording_lost")
        assert client("POST", "/recordings").problem() == (503, "not_ready")
    assert record(client, [SIGNS] * 8).status == 200


def test_a_recording_ends_by_the_clock(opening: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raysign.serve.takes.recording.GRACE_S", -29.0)
    client = opening()
    endless = begin(client)
    assert send(client, endless, [jpeg(SIGNS)], [0]).status == 200
    time.sleep(1.1)
    assert send(client, endless, [jpeg(SIGNS)], [40]).problem() == (422, "too_long")
    begin(client)
    assert client("POST", f"/recordings/{endless}/end").problem() == (410, "gone")


def test_pictures_that_come_too_late_keep_no_place(
    opening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysign.serve.takes.cameras.SILENT_S", 1.0)
    client = opening()
    recording = begin(client)
    assert send(client, recording, [jpeg(SIGNS)], [40]).status == 200
    for _ in range(6):
        time.sleep(0.2)
        assert send(client, recording, [jpeg(SIGNS)], [40]).json()["frames"] == []
    begin(client)
    assert send(client, recording, [jpeg(SIGNS)], [80]).problem() == (410, "gone")


def test_pictures_of_a_wild_rate_are_no_recording(client: Any) -> None:
    recording = begin(client)
    for times in ([0, 4, 8, 12], [16, 20, 24, 29_999]):
        assert send(client, recording, [jpeg(SIGNS)] * 4, times).status == 200
    assert client("POST", f"/recordings/{recording}/end").problem() == (422, "not_usable")


def test_two_requests_at_once_are_looked_at_in_their_order(client: Any) -> None:
    recording = begin(client)

    async def both() -> list[Any]:
        path = f"/recordings/{recording}/frames"
        return list(
            await asyncio.gather(
                client.ask("POST", path, *form([jpeg(SIGNS)] * 3, [0, 40, 80])),
                client.ask("POST", path, *form([jpeg(SIGNS)] * 3, [120, 160, 200])),
            )
        )

    first, second = (reply.json() for reply in client.run(both()))
    assert [frame["time_ms"] for frame in first["frames"]] == [0, 40, 80]
    assert [frame["time_ms"] for frame in second["frames"]] == [120, 160, 200]
    late = send(client, recording, [jpeg(SIGNS)] * 2, [160, 240]).json()
    assert [frame["time_ms"] for frame in late["frames"]] == [240], "the other came too late"
    assert client("POST", f"/recordings/{recording}/end").json()["frames"] == 7


def test_requests_may_be_numbered(client: Any) -> None:
    recording = begin(client)
    path = f"/recordings/{recording}/frames"

    async def turned_round() -> list[Any]:
        second = asyncio.create_task(client.ask("POST", path, *form([jpeg(SIGNS)], [40], 1)))
        await asyncio.sleep(0.1)
        return [await client.ask("POST", path, *form([jpeg(SIGNS)], [0], 0)), await second]

    seen = [reply.json()["frames"][0]["time_ms"] for reply in client.run(turned_round())]
    assert seen == [0, 40]
    wrong = form([jpeg(SIGNS)], [400], -1)
    assert client("POST", path, *wrong).problem() == (422, "not_understood")
    client("DELETE", f"/recordings/{recording}")


@pytest.mark.parametrize(
    ("pictures", "times", "problem"),
    [
        ([jpeg(SIGNS)], [0, 40], (422, "not_understood")),
        ([jpeg(SIGNS)] * 2, [40, 40], (422, "not_understood")),
        ([jpeg(SIGNS)] * 2, [40, 0], (422, "not_understood")),
        ([jpeg(SIGNS)], [-1], (422, "not_understood")),
        ([jpeg(SIGNS)], "[NaN]", (422, "not_understood")),
        ([jpeg(SIGNS)], "[Infinity]", (422, "not_understood")),
        ([jpeg(SIGNS)], "no list", (422, "not_understood")),
        ([jpeg(SIGNS)], '["0"]', (422, "not_understood")),
        ([jpeg(SIGNS)], "[true]", (422, "not_understood")),
        ([jpeg(SIGNS)], [10**400], (422, "not_understood")),
        ([jpeg(SIGNS)], "[" * 5_000, (422, "not_understood")),
        ([jpeg(SIGNS)], [9e9], (422, "too_long")),
        ([b"no picture"], [0], (422, "bad_picture")),
        ([jpeg(SIGNS, (300, 200))], [0], (422, "bad_picture")),
        ([b"\xff" * 20_000], [0], (413, "too_large")),
        ([jpeg(SIGNS)] * 5, [0, 1, 2, 3, 4], (422, "too_many")),
    ],
)
def test_pictures_that_are_refused(
    client: Any, pictures: list[bytes], times: Any, problem: tuple[int, str]
) -> None:
    recording = begin(client)
    assert send(client, recording, pictures, times).problem() == problem
    assert send(client, recording, [jpeg(SIGNS)], [100]).status == 200, "it goes on"
    client("DELETE", f"/recordings/{recording}")


@pytest.mark.parametrize("shade", [255, 245])
def test_a_picture_that_breaks_the_child_costs_the_recording(
    opening: Any, monkeypatch: pytest.MonkeyPatch, shade: int
) -> None:
    client = opening()
    recording = begin(client)
    assert send(client, recording, [jpeg(SIGNS)], [0]).status == 200
    (extractor,) = client.service.cameras.extractors
    with monkeypatch.context() as short:  # for the bad picture alone
        impatient = extractor.config.model_copy(update={"timeout_s": 1})
        short.setattr(extractor, "config", impatient)
        assert send(client, recording, [jpeg(shade)], [40]).problem() == (422, "recording_lost")
    assert client("POST", f"/recordings/{recording}/end").problem() == (410, "gone")
    assert client("GET", "/health").status == 200
    assert record(client, [SIGNS] * 8).status == 200


@pytest.mark.parametrize(
    ("shades", "kind"), [([], "empty"), ([2] * 5, "no_person"), ([20] * 5, "no_hands"),
                         ([SIGNS], "too_short")],
)  # fmt: skip
def test_recordings_that_show_nothing(client: Any, shades: list[int], kind: str) -> None:
    assert record(client, shades).problem() == (422, kind)
    assert record(client, [SIGNS] * 8).status == 200, "its place is free again"


def test_a_device_that_was_turned(client: Any) -> None:
    recording = begin(client)
    send(client, recording, [jpeg(SIGNS), jpeg(SIGNS, (120, 160))], [0, 40])
    assert client("POST", f"/recordings/{recording}/end").problem() == (422, "changed")


def test_takes_are_fused_and_parts_of_one_take_too(client: Any) -> None:
    takes = []
    for _ in range(2):
        takes.append(record(client, [SIGNS] * 20).json()["id"])
        both = client("POST", "/search", {"takes": [{"id": one} for one in takes]})
    assert both.status == 200, both.body
    asked = both.json()["asked"]
    assert [one["id"] for one in asked] == takes
    assert asked[0]["warp"] is None
    assert len(asked[1]["warp"]) == asked[0]["film"]["frames"]
    parts = [{"id": takes[0], "end_s": 0.4}, {"id": takes[0], "start_s": 0.4}]
    assert client("POST", "/search", {"takes": parts}).status == 200
    twice = [{"id": takes[0]}, {"id": takes[0]}]
    assert client("POST", "/search", {"takes": twice}).problem() == (422, "twice")
    gone = [{"id": takes[0]}, {"id": "0" * 32}]
    assert client("POST", "/search", {"takes": gone}).problem() == (410, "gone")
    nowhere = [{"id": takes[0], "start_s": 50}]
    assert client("POST", "/search", {"takes": nowhere}).problem() == (422, "empty_span")
