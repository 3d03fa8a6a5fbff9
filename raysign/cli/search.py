"""``raysign search``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option
from raysign.cli.gallery_path import gallery_path
from raysign.cli.page_path import page_path, place
from raysign.cli.patience import Patience

if TYPE_CHECKING:
    from raysign.search.answer import Answer
    from raysign.search.searcher import Searcher


@door(
    example="raysign search galleries/asl video.mp4\n"
    "raysign search galleries/asl lesson.mp4 --start 12.5 --end 14 -k 5\n"
    "raysign search galleries/asl first.mp4 again.mp4 --json\n"
    "raysign search galleries/asl video.mp4 --rerank csls\n"
    "raysign search galleries/asl stores/wlasl100:val --clip 00626 --html answer.html",
)
@click.argument("gallery")
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...")
@click.option(
    "-k",
    "count",
    type=click.IntRange(min=1),
    metavar="K",
    help="How many signs to find (default 10, or all of a smaller gallery).",
)
@click.option(
    "--start", type=click.FloatRange(min=0), metavar="S", help="Second at which the sign begins."
)
@click.option(
    "--end", type=click.FloatRange(min=0), metavar="S", help="Second at which it has ended."
)
@click.option(
    "--clip",
    "clip_ids",
    multiple=True,
    metavar="ID",
    help="Ask with a clip of a store: VIDEO is STORE[:split], or `synthetic`; may be given often.",
)
@click.option("--model", metavar="MODEL", help="Where GALLERY's model is now, if it moved.")
@click.option(
    "--scoring",
    type=click.Choice(["sign_max", "sign_mean", "support", "clip"]),
    help="Rank signs by their best clip (default), the mean of their clips, or attention over all "
    "clips; or rank clips (default where no clip has a sign).",
)
@click.option(
    "--rerank",
    type=click.Choice(["none", "csls", "znorm", "dtw", "csls+dtw", "znorm+dtw"]),
    help="A second look at the nearest clips, which may put them in another order. csls, znorm: "
    "clips that are near to everything count less; under 0.1 s. dtw: the 50 nearest are compared "
    "with the video moment by moment, by the landmarks that GALLERY keeps; about a second. "
    "csls+dtw: one after the other. none: by nearness alone. Default: what GALLERY was calibrated "
    "with, or else what its model was chosen by, which in most is none. What each gains: "
    "`raysign evaluate --rerank`.",
)
@click.option(
    "--mirror",
    is_flag=True,
    help="Ask with the mirror image too, where a left-handed signer is not found.",
)
@click.option(
    "--html",
    metavar="FILE",
    help="Write the answer as a page too: the query and what was found, moving side by side.",
)
@json_option
def search(
    gallery: str,
    videos: tuple[str, ...],
    count: int | None,
    start: float | None,
    end: float | None,
    clip_ids: tuple[str, ...],
    model: str | None,
    scoring: str | None,
    rerank: str | None,
    mirror: bool,
    html: str | None,
    as_json: bool,
) -> None:
    """Find the sign that VIDEO shows: the signs of GALLERY, likeliest first.

    VIDEO shows one sign, for at most two minutes; it may be a .pose file of MediaPipe Holistic.
    Several videos are recordings of the same sign, and ask together. `raysign index` makes a
    gallery.
    """
    began_s = time.perf_counter()
    takes = _takes(videos, clip_ids, start, end)
    gallery_path(gallery)
    page = None if html is None else page_path(html, gallery, videos)
    with Patience(f"opening {gallery}") as patience:
        from raysign.search.query import Reader

        with Reader() as reader:
            reader.expect(videos, clip_ids[0] if clip_ids else None)
            # Torch is imported while the process that looks at videos gets ready.
            from raysign.search.lines import lines
            from raysign.search.searcher import Searcher
            from raysign.search.stages import Stages

            stages = Stages()
            stages.since("start", began_s)
            searcher = Searcher.open(gallery, model, stages=stages)
            searcher.asked_for(count, scoring, rerank)  # before minutes of video
            reader.look_as(searcher.gallery.card.look)
            world = searcher.bundle.config.data.synthetic
            clips = []
            with stages.timed("landmarks"):
                for source, clip_id in takes:
                    patience.now(f"looking at {source}")
                    clips.append(
                        reader.read(source, clip_id, start_s=start, end_s=end, synthetic=world)
                    )
        patience.now(f"searching {gallery}")
        answer = searcher.answer(clips, count, scoring, mirror=mirror, rerank=rerank, stages=stages)
        # Before the page: whatever becomes of that, the answer is there.
        if as_json:
            click.echo(json.dumps(_as_json(answer, searcher, rerank), ensure_ascii=False))
        else:
            for line in lines(answer, searcher.gallery, searcher.notes(answer.scoring, rerank)):
                click.echo(line)
        if page is not None:
            from raysign.search.page import write_page

            patience.now(f"writing {page}")
            licence = str(searcher.bundle.card.get("licence") or "")
            write_page(page, answer, clips, searcher.gallery, licence=licence)
            if not as_json:
                click.echo(f"the page: {click.format_filename(page)}")


def _takes(
    videos: tuple[str, ...], clip_ids: tuple[str, ...], start: float | None, end: float | None
) -> list[tuple[str, str | None]]:
    """Each recording: a file, or a store and an id."""
    if clip_ids and len(videos) > 1:
        raise click.UsageError(
            f"--clip names clips of one store, got {len(videos)}: {', '.join(videos)}"
        )
    takes: list[tuple[str, str | None]] = [(video, None) for video in videos]
    if clip_ids:
        takes = [(videos[0], clip_id) for clip_id in clip_ids]
    asked: set[tuple[Path, str | None]] = set()
    for source, clip_id in takes:
        if (take := (place(source), clip_id)) in asked:
            raise click.UsageError(
                f"each recording asks once, got {clip_id or source!r} twice; leave one out"
            )
        asked.add(take)
    if len(takes) > 1 and (start is not None or end is not None):
        raise click.UsageError(
            f"--start and --end are a part of one recording, got {len(takes)} recordings"
        )
    return takes


def _as_json(answer: Answer, searcher: Searcher, rerank: str | None) -> dict[str, object]:
    card = searcher.gallery.card
    return {
        **answer.as_json(),
        "notes": [*answer.notes, *searcher.notes(answer.scoring, rerank)],
        "gallery": {
            "folder": str(searcher.gallery.folder),
            "signs": card.counts.signs,
            "clips": card.counts.clips,
        },
        "model": card.model.model_dump(),
    }
