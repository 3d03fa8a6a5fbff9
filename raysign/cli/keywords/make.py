"""``raysign keywords make``: a store of sentences, of their annotations and their signing."""

from __future__ import annotations

import click

from raysign.cli.door import door, json_option, max_failed_option
from raysign.cli.keywords.made import print_sentences, shown


class Size(click.ParamType[tuple[int, int]]):
    """``210x260``, in pixels."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """``(210, 260)``."""
        width, _, height = str(value).lower().partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            self.fail(f"{value!r} is no size; give width and height, such as 210x260", param, ctx)
        return int(width), int(height)


@door(
    example="raysign keywords make PHOENIX-2014-T --openpose openpose/ --size 210x260 "
    "--out stores/phoenix\n"
    "raysign keywords make PHOENIX-2014-T --landmarks stores/extracted --out stores/phoenix\n"
    "raysign keywords make PHOENIX-2014-T --synthetic --out stores/phoenix_synthetic"
)
@click.argument("annotations", metavar="ANNOTATIONS")
@click.option(
    "--openpose", metavar="FOLDER", help="Signing: a folder of *_keypoints.json for each."
)
@click.option("--size", type=Size(), metavar="WxH", help="Of the picture that OpenPose saw.")
@click.option(
    "--fps",
    type=click.FloatRange(0, 1000, min_open=True),
    default=25.0,
    show_default=True,
    help="Of the pictures that OpenPose saw.",
)
@click.option("--landmarks", metavar="STORE", help="Signing: a store of `raysign extract`.")
@click.option("--synthetic", is_flag=True, help="Signing: by the synthetic signers.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the synthetic world.",
)
@click.option(
    "--out", required=True, metavar="STORE", help="The store to write: a new or an empty folder."
)
@max_failed_option
@json_option
def make(
    annotations: str,
    openpose: str | None,
    size: tuple[int, int] | None,
    fps: float,
    landmarks: str | None,
    synthetic: bool,
    seed: int,
    out: str,
    max_failed: float,
    as_json: bool,
) -> None:
    """Make a store of signed sentences, to train and to search in.

    ANNOTATIONS is the folder of RWTH-PHOENIX-Weather 2014T with annotations/manual, or one with
    train.csv and dev.csv: what is signed and what is said. The signing is one of three, joined by
    the sentence's name: OpenPose's JSON, landmarks that were extracted (`raysign data phoenix14t
    --out` lists the frames for `raysign extract`), or the synthetic signers'. Then words and their
    statistics are real, the motion is not, and each gloss's time is known.
    """
    if sum((openpose is not None, landmarks is not None, synthetic)) != 1:
        raise click.UsageError("give one of --openpose FOLDER, --landmarks STORE and --synthetic")
    if (openpose is None) != (size is None):
        raise click.UsageError(
            "--openpose and --size go together: --openpose FOLDER --size 210x260"
        )
    from raysign.config import SyntheticConfig
    from raysign.datasets.phoenix14t import PHOENIX14T, read_sentences
    from raysign.datasets.signed import Joining, signed_by
    from raysign.errors import DataError
    from raysign.store import describe, iter_clips, write_sentences
    from raysign.synthetic import World

    click.echo(PHOENIX14T.notice(), err=True)
    sentences = read_sentences(annotations)
    joining = Joining(sentences)
    failed: list[str] = []
    notes = joining.wordless
    if openpose is not None and size is not None:
        found = joining.openpose(openpose, *size, fps)
        clips = shown(found.clips(), len(found.rows), out)
        # The outcomes fill on the way.
        write_sentences(out, joining.join(clips), outcomes=found.outcomes)
        failed = [f"{row.clip_id}: {row.reason}" for row in found.failed]
        notes = joining.notes
    elif landmarks is not None:
        # Test's clips go along: they stay sealed in the new store, as test's.
        clips = shown(iter_clips(landmarks, open_test=True), describe(landmarks).clips, out)
        write_sentences(out, joining.join(clips))
        notes = joining.notes
    else:
        made = signed_by(World(SyntheticConfig(seed=seed)), sentences)
        write_sentences(out, shown(made, len(sentences), out))
    print_sentences(out, as_json, (*notes(), *failed))
    if failed and len(failed) > max_failed * len(found.rows):
        raise DataError(
            f"{len(failed)} of {len(found.rows)} sentences failed, more than --max-failed "
            f"{max_failed:g}: {failed[0]}; the others are in {out}, see its outcomes.parquet"
        )
