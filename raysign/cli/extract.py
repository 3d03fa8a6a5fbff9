"""``raysign extract`` and ``jobs/extract.py``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option, max_failed_option
from raysign.cli.listing import meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from raysign.config import ExtractConfig
    from raysign.extract import Extracted
    from raysign.manifest import VideoClip
    from raysign.pipeline import Extraction

SHOWN_FAILED = 3


@door(
    example="raysign extract videos/ --out stores/mine\n"
    "raysign extract wlasl.csv --out stores/wlasl fps=25",
    overrides="a setting of the extractor",
    kind="extract",
)
@click.argument("manifest")
@click.option(
    "--out", required=True, metavar="STORE", help="The store to make; a new folder or URI."
)
@click.option("--config", "file", metavar="FILE", help="YAML with the extractor's settings.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Extractors at a time (default: one for every core of the cluster).",
)
@max_failed_option
@click.option(
    "--rows-per-part",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Rows that are committed together: what a run that is killed does again at most.",
)
@click.option(
    "--update",
    is_flag=True,
    help="Where STORE is there: keep the clips whose row and video are the same, extract the rest.",
)
@click.option(
    "--prune",
    is_flag=True,
    help="With --update: let clips, and what is known of them, go that MANIFEST has no more.",
)
@click.option("--local", is_flag=True, help="One extractor beside this process, without Ray.")
@json_option
def extract(
    overrides: tuple[str, ...],
    manifest: str,
    out: str,
    file: str | None,
    workers: int | None,
    max_failed: float,
    rows_per_part: int,
    update: bool,
    prune: bool,
    local: bool,
    as_json: bool,
) -> None:
    """Turn the videos of MANIFEST into landmarks: a store of clips.

    MANIFEST is CSV, Parquet or JSON lines with `clip_id` and `path`, and where they are known
    `sign`, `signer`, `split`, `language`, `dataset`, and `start_frame`, `end_frame`, `start_s`,
    `end_s`; or a folder with a folder of videos for each sign, which `raysign data manifest` turns
    into a manifest. A run that was stopped goes on where it was when the same command is given
    again. What became of each video stands in outcomes.parquet, beside the clips.
    """
    from raysign.config import ExtractConfig, load_config
    from raysign.pipeline import extract_videos, in_process
    from raysign.pipeline.progress import Timed, kept
    from raysign.store import read_manifest

    def say(line: str) -> None:
        click.echo(line, err=True)

    config = load_config(ExtractConfig, file, overrides)
    rows = read_manifest(meant(manifest, say), say=say)
    if not any(row.sign for row in rows):
        say(
            "note: no clip has a sign, and training needs them: lay the folder out as "
            "sign/clip.mp4, or give a manifest with the column `sign`"
        )
    stream = Timed(in_process if local else _on_ray(workers, say))
    try:
        done = extract_videos(
            rows,
            out,
            config,
            stream=stream,
            say=say,
            rows_per_part=rows_per_part,
            update=update,
            prune=prune,
        )
    except KeyboardInterrupt:
        say(f"{kept(out):,} of {len(rows):,} clips are kept; the same command goes on after them")
        raise
    if as_json:
        speed = {"frames_a_second": stream.frames_a_second}
        click.echo(json.dumps({**asdict(done), "reasons": dict(done.reasons), **speed}))
    else:
        click.echo(_line(done, stream.frames_a_second))
        for reason, count in done.reasons:
            click.echo(f"- {count:,} × {reason}")
    _complain_of_failed(done, max_failed, say)


def _on_ray(
    workers: int | None, say: Callable[[str], None]
) -> Callable[[Iterable[tuple[int, VideoClip]], ExtractConfig], Iterator[tuple[int, Extracted]]]:
    """Starts Ray when the first row is asked for: what can be refused has been by then."""

    def stream(
        rows: Iterable[tuple[int, VideoClip]], config: ExtractConfig
    ) -> Iterator[tuple[int, Extracted]]:
        from raysign import cluster
        from raysign.pipeline.on_ray import OnRay

        if todo := list(rows):
            say(str(cluster.start()))
            yield from OnRay(workers)(todo, config)

    return stream


def _line(done: Extraction, frames_a_second: float | None) -> str:
    line = f"{done.store}: {done.ok:,} clips; {done.skipped:,} skipped, {done.failed:,} failed"
    if done.extracted:
        line += f"; {done.frames:,} frames in {done.seconds:.0f} s"
    if frames_a_second is not None:
        line += f", {frames_a_second:.1f} a second"
    return line


def _complain_of_failed(done: Extraction, max_failed: float, say: Callable[[str], None]) -> None:
    """Name some of them and say what to do; an error where they are too many."""
    from raysign.errors import ExtractionError
    from raysign.store.outcomes import read_outcomes

    if not done.failed:
        return
    failed = [row for row in read_outcomes(done.store) or () if row.outcome == "failed"]
    named = "; ".join(f"{row.path} ({row.reason})" for row in failed[:SHOWN_FAILED])
    more = f"; and {len(failed) - SHOWN_FAILED:,} more" if len(failed) > SHOWN_FAILED else ""
    what = f"{named}{more}; mend them, then give the same command with --update"
    if done.failed > max_failed * done.clips:
        clips = f"{done.failed:,} of {done.clips:,} clips" if done.clips > 1 else "the one clip"
        raise ExtractionError(f"{clips} failed, more than --max-failed {max_failed:g}: {what}")
    say(f"{done.failed:,} failed: {what}")
