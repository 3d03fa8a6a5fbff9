"""``raysign extract`` and ``jobs/extract.py``."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from raysign.cli.door import door, json_option


@door(
    example="raysign extract videos/ --out stores/mine\n"
    "raysign extract wlasl.csv --out stores/wlasl fps=25",
    overrides="a setting of the extractor",
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
@click.option(
    "--max-failed",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    metavar="SHARE",
    help="Share of clips that may fail before the exit code says so.",
)
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
    help="With --update: let clips go that MANIFEST does not have any more.",
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
    `end_s`; or a folder with a folder of videos for each sign. A run that was stopped goes on where
    it was when the same command is given again. What became of each video stands in
    outcomes.parquet, beside the clips.
    """
    from raysign.config import ExtractConfig, load_config
    from raysign.errors import ExtractionError
    from raysign.pipeline import extract_videos, in_process, reasons_in_words
    from raysign.store import read_manifest

    config = load_config(ExtractConfig, file, overrides)
    rows = read_manifest(manifest)

    def say(line: str) -> None:
        click.echo(line, err=True)

    if local:
        stream = in_process
    else:
        from raysign import cluster
        from raysign.pipeline.on_ray import OnRay

        stream = OnRay(workers)
        say(str(cluster.start()))
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
    if as_json:
        click.echo(json.dumps({**asdict(done), "reasons": dict(done.reasons)}))
    else:
        line = f"{out}: {done.ok:,} clips; {done.skipped:,} skipped, {done.failed:,} failed"
        if done.extracted:
            speed = done.frames / done.seconds
            line += f"; {done.frames:,} frames in {done.seconds:.0f} s, {speed:.1f} a second"
        click.echo(line)
        for reason, count in done.reasons:
            click.echo(f"- {count:,} × {reason}")
    if done.failed > max_failed * done.clips:
        raise ExtractionError(
            f"{done.failed} of {done.clips} clips failed, more than --max-failed {max_failed:g}: "
            f"{reasons_in_words(done)}; the others are in {out}, see its outcomes.parquet"
        )
