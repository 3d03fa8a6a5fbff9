"""The player draws what it is handed: the numbers come back, and the script does with them as said.

What the script computes is run in node, what it shows in Chromium, where these are there.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.config import SyntheticConfig
from raysign.draw import DARK, LIGHT, player, view_of
from raysign.draw.figure import figure, points_of
from raysign.skeleton import HANDS42, HOLISTIC75, LAYOUTS, Layout
from raysign.synthetic import World

STEP = (player.HIGHEST - player.LOWEST) / (player.MISSING - 1)


@pytest.fixture(scope="module")
def signing() -> np.ndarray:
    """A two-handed clip of ``holistic75``; some hands are not seen."""
    world = World(SyntheticConfig())
    xyz = world.clip(world.sign(487), world.signer(4)).xyz
    assert np.isnan(xyz).any()
    return xyz


def film(xyz: np.ndarray, layout: Layout = HOLISTIC75, fps: float = 25.0) -> player.Film:
    return player.Film.of(xyz, layout, aspect=1.0, fps=fps)


def places(shot: player.Film) -> np.ndarray:
    """[frame point axis] of a film, NaN where missing."""
    whole = np.frombuffer(base64.b64decode(shot.places), dtype="<u2").reshape(*shot.shape, 2)
    return np.where(whole == player.MISSING, np.nan, player.LOWEST + whole * STEP)


def expected(xyz: np.ndarray, layout: Layout = HOLISTIC75) -> np.ndarray:
    """Where each point that is drawn stands, in heights of the view."""
    view = view_of(xyz, layout, shape=player.SHAPE)
    used = sorted({point for shape in figure(layout) for point in shape.points})
    points = points_of(xyz[..., :2].astype(np.float64), layout)[:, used]
    return np.asarray((points - [view.left, view.top]) / view.height)


def test_a_film_holds_every_point_that_is_drawn(signing: np.ndarray) -> None:
    got, wanted = places(film(signing)), expected(signing)
    assert np.isnan(wanted).any()
    np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
    np.testing.assert_allclose(got, wanted, atol=STEP)
    assert STEP < 2e-4, "a fraction of a pixel"


def test_what_is_far_off_is_missing(signing: np.ndarray) -> None:
    stray = signing.copy()
    elbow = HOLISTIC75.joint("left_elbow")
    stray[0, elbow] = 60
    got = places(film(stray))
    place = sorted({p for shape in figure(HOLISTIC75) for p in shape.points}).index(elbow)
    assert np.isnan(got[0, place]).all()
    assert not np.isnan(got[1, place]).any()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_drawing_names_points_that_there_are_and_no_leg(layout: Layout) -> None:
    drawn = json.loads(json.dumps(player.drawing(layout)))
    shown = {point for shape in drawn["shapes"] for point in shape["points"]}
    assert shown == set(range(drawn["points"]))
    xyz = np.random.default_rng(0).random((2, layout.num_joints, 3))
    assert film(xyz, layout).shape == (2, drawn["points"])
    names = {layout.joints[p] for s in figure(layout) for p in s.points if p < layout.num_joints}
    assert not {name for name in names if "knee" in name or "foot" in name}
    inks = {ink for shape in drawn["shapes"] for ink in shape["ink"]}
    for side in (LIGHT.left, DARK.left, LIGHT.right, DARK.right):
        assert "#{:02x}{:02x}{:02x}".format(*side) in inks


def test_the_script_knows_no_colour_and_no_joint() -> None:
    script = player.script()
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb\(|wrist|elbow|shoulder", script)
    assert "</" not in script, "it stands inside a page"
    for word in ("fetch(", "XMLHttpRequest", "import ", "eval(", "innerHTML", "http"):
        assert word not in script


def in_node(expression: str, data: object) -> Any:
    """The value of an expression over ``data`` after the script ran."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not there to run player.js")
    code = (
        "const vm = require('vm'); const data = JSON.parse(process.argv[2]);"
        "vm.runInThisContext(process.argv[1]); globalThis.data = data;"
        f"const value = vm.runInThisContext({json.dumps(f'({expression})')});"
        "console.log(JSON.stringify(value, (_, v) => ArrayBuffer.isView(v) ? [...v] : v));"
    )
    done = subprocess.run(
        [node, "-e", code, player.script(), json.dumps(data)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def numbers(listed: list[float | None]) -> np.ndarray:
    """JSON has no NaN; node writes null."""
    return np.array([np.nan if value is None else value for value in listed])


def test_the_script_reads_what_python_wrote(signing: np.ndarray) -> None:
    data = {"drawing": player.drawing(HOLISTIC75), "film": film(signing).as_json()}
    got = in_node("raysign.decoded(data.film, data.drawing).places", data)
    np.testing.assert_allclose(numbers(got), expected(signing).ravel(), atol=2 * STEP)


def test_between_frames_it_mixes_and_what_is_missing_is_not_made_up() -> None:
    xyz = np.random.default_rng(0).random((3, 42, 3))
    xyz[1, :21] = np.nan
    data = {"drawing": player.drawing(HANDS42), "film": film(xyz, HANDS42).as_json()}
    seen = places(film(xyz, HANDS42)).reshape(3, -1)
    left, right = slice(0, 42), slice(42, 84)
    for position, on_left in ((0.25, seen[0]), (0.75, seen[1]), (1.75, seen[2]), (2.0, seen[2])):
        got = numbers(
            in_node(f"raysign.frameAt(raysign.decoded(data.film, data.drawing), {position})", data)
        )
        low = int(position)
        share = position - low
        mixed = (1 - share) * seen[low] + share * seen[min(low + 1, 2)]
        np.testing.assert_allclose(got[right], mixed[right], atol=1e-5)
        np.testing.assert_allclose(got[left], on_left[left], atol=1e-5)


def test_in_step_the_warp_leads_and_as_signed_the_clock() -> None:
    data = {
        "films": [{"frames": 4, "fps": 10}, {"frames": 9, "fps": 20}, {"frames": 5, "fps": 1}],
        "warps": [None, [0, 4, 5, 8], None],
    }
    for seconds, step, wanted in (
        (0.0, True, [0, 0, 0]),
        (0.15, True, [1.5, 4.5, 0.15]),
        (0.39, True, [3, 8, 0.39]),
        (0.15, False, [1.5, 3, 0.15]),
        (9.0, False, [3, 8, 4]),
    ):
        which = f"[0, 1, 2].map((n) => raysign.positionAt(data, n, {seconds}, {json.dumps(step)}))"
        np.testing.assert_allclose(in_node(which, data), wanted, atol=1e-9)
    assert in_node("raysign.lengthOf(data, true)", data) == pytest.approx(0.4)
    assert in_node("raysign.lengthOf(data, false)", data) == pytest.approx(5)


def test_a_way_ends_where_the_hand_leapt_or_was_not_seen() -> None:
    xyz = np.full((9, 42, 3), np.nan)
    xyz[:, 21:] = np.random.default_rng(0).random((21, 3)) * 0.1
    xyz[:, :21] = xyz[:, 21:] + [0.3, 0, 0]
    drawing = player.drawing(HANDS42)
    tip = next(shape["points"][0] for shape in drawing["shapes"] if shape["kind"] == "trail")

    def length(clip: np.ndarray) -> int:
        data = {"drawing": drawing, "film": film(clip, HANDS42).as_json()}
        way = "raysign.wayOf(raysign.decoded(data.film, data.drawing), {}, 8.5, data.drawing.trail)"
        return len(in_node(way.format(tip), data))

    assert length(xyz) == 9
    gap, leap = xyz.copy(), xyz.copy()
    gap[4, :21] = np.nan
    leap[:5, :21, 1] += 0.5
    assert length(gap) == length(leap) == 4


PAGE = """<!doctype html><meta charset="utf-8">
<style>canvas {{ width: 300px; height: 200px }}</style>
<button data-play></button><input type="range" data-time><output data-clock></output>
<input type="radio" name="speed" value="1" data-speed checked>
<input type="radio" name="step" value="step" data-step checked>
<input type="radio" name="step" value="signed" data-step id="signed">
<canvas data-film="0"></canvas><canvas data-film="1"></canvas>
<svg><line data-film="1"/></svg><pre id="told"></pre>
<script>{script}</script>
<script>
raysign.stage(document, {data});
const told = [];
const find = (selector) => document.querySelector(selector);
function tell() {{
  const inks = [...document.querySelectorAll("canvas")].map((canvas) => {{
    const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const seen = {{}};
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] === 255) {{
        const ink = [...data.slice(i, i + 3)];
        seen[ink] = 1 + (seen[ink] || 0);
      }}
    return seen;
  }});
  told.push({{ inks, play: find("[data-play]").textContent, clock: find("output").textContent,
    x: ["x1", "x2"].map((name) => Number(find("line").getAttribute(name))),
    most: Number(find("[data-time]").max), width: find("canvas").width }});
}}
setTimeout(() => {{
  tell();
  if (find("[data-play]").textContent === "Pause") find("[data-play]").click();
  find("[data-time]").value = 400;
  find("[data-time]").dispatchEvent(new Event("input"));
  tell();
  find("#signed").click();
  tell();
  find("[data-play]").click();
  tell();
  find("#told").textContent = JSON.stringify(told);
}}, 600);
</script>"""


@pytest.mark.slow
@pytest.mark.parametrize("still", [False, True], ids=["moving", "reduced motion"])
def test_it_plays_in_a_browser(
    browse: Callable[..., Any], still: bool, signing: np.ndarray, tmp_path: Path
) -> None:
    shots = [film(signing), film(signing[::2])]
    warp = (np.arange(len(signing)) / 2).clip(0, shots[1].shape[0] - 1).tolist()
    data = {
        "drawing": player.drawing(HOLISTIC75),
        "films": [shot.as_json() for shot in shots],
        "warps": [None, warp],
    }
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(script=player.script(), data=json.dumps(data)), encoding="utf-8")
    done = browse(page, *["--force-prefers-reduced-motion"] * still)
    told = re.search(r'<pre id="told">(.+?)</pre>', done.stdout)
    assert told, done.stderr[-2000:]
    first, sought, signed, playing = json.loads(told[1])
    assert first["play"] == ("Play" if still else "Pause")
    length = len(signing) / 25
    for ink in (LIGHT.left, LIGHT.right, LIGHT.body, LIGHT.trunk):
        drawn = [seen.get(",".join(map(str, ink)), 0) for seen in sought["inks"]]
        assert min(drawn) > 20, ink
    assert (sought["play"], sought["clock"]) == ("Play", f"0.4 / {length:.1f} s")
    assert sought["width"] == 300
    assert sought["most"] == pytest.approx(1000 * length, abs=1)
    here = 100 * 0.4 * 25 / (len(signing) - 1)
    there = 100 * 0.4 * 12.5 / (shots[1].shape[0] - 1)
    np.testing.assert_allclose(sought["x"], [here, there], atol=0.1)
    np.testing.assert_allclose(signed["x"], [here, 2 * there], atol=0.1)
    assert playing["play"] == "Pause"
