"""``raysign show``."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from raysign.cli.door import door, json_option


@door(
    example="raysign show synthetic syn1-000007-s02 --out sign.gif\n"
    "raysign show stores/wlasl100 07068 --video videos/07068.mp4 --slow 2 --out sign.mp4\n"
    "raysign show poses/07068.pose --out strip.png",
)
@click.argument("source", metavar="STORE[:split]|FILE.pose")
@click.argument("clip_id", required=False)
@click.option(
    "--out",
    metavar="FILE",
    help="Where to: an animation (.gif, .mp4), or a strip of six frames (.png). Has to be given.",
)
@click.option("--video", metavar="FILE", help="Draw over the video that the clip comes from.")
@click.option(
    "--start",
    type=click.FloatRange(min=0),
    metavar="S",
    help="Second of the --video that the clip begins at.",
)
@click.option(
    "--slow",
    type=click.FloatRange(min=0.1, max=20),
    default=1.0,
    show_default=True,
    help="How many times as slow as it was signed.",
)
@click.option(
    "--size",
    type=click.IntRange(min=48, max=2160),
    metavar="PX",
    help="Height of the picture; by default 360, or the video's own.",
)
@click.option("--dark", is_flag=True, help="Draw on a dark ground.")
@json_option
def show(
    source: str,
    clip_id: str | None,
    out: str | None,
    video: str | None,
    start: float | None,
    slow: float,
    size: int | None,
    dark: bool,
    as_json: bool,
) -> None:
    """Draw a clip's skeleton: the clip CLIP_ID of a store, or a .pose file.

    `raysign data ids STORE` lists the ids; that of a folder's video is `sign/clip`. Clips of the
    test split are sealed.

    The person's left hand is blue, the right one orange. The dots behind an index finger are the
    way that it came in the last 12 frames, one a frame; they end where the hand was not seen. Over
    a video they are left out; it is turned and cropped as it was when the clips were extracted, and
    nothing is drawn on its black bars.
    """
    from raysign.show import ask, extraction_of, find_clip, render

    path = ask(source, clip_id, out)
    shown = render(
        find_clip(source, clip_id),
        path,
        video=video,
        extracted=None if video is None else extraction_of(source),
        start_s=start,
        slow=slow,
        size_px=size,
        dark=dark,
    )
    if as_json:
        click.echo(json.dumps(asdict(shown), ensure_ascii=False))
        return
    sign = f" ({shown.sign})" if shown.sign else ""
    click.echo(f"{shown.path}: {shown.frames} frames of {shown.clip_id}{sign}")
