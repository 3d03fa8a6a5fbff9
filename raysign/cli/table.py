"""``raysign table`` and ``jobs/table.py``."""

from __future__ import annotations

import json
from dataclasses import replace

import click

from raysign.cli.door import door, json_option
from raysign.cli.selections import check_world, measuring_options


@door(
    example="raysign table M1=runs/m1/bundle,runs/m1-seed1/bundle M5=runs/m5/bundle "
    "best=runs/best/bundle \\\n"
    "    --queries stores/wlasl2000_hands:val --gallery stores/wlasl2000_hands:train "
    "--out runs/table",
)
@click.argument("rows", nargs=-1, required=True, metavar="LABEL=MODEL[,MODEL]...")
@measuring_options(seed="Of the intervals.")
@click.option(
    "--sweep",
    metavar="RUN",
    help="MLflow run id of a sweep over what the paper leaves open: what explains the gap?",
)
@click.option(
    "--out",
    default="runs/table",
    show_default=True,
    metavar="FOLDER",
    help="Where report.html, report.md, table.json and the plots go.",
)
@json_option
def table(
    rows: tuple[str, ...],
    queries: str,
    gallery: str,
    sweep: str | None,
    out: str,
    open_test: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Set trained models beside the published table: figures, gaps, paired differences.

    A row is a label and the models of one way to train, one for each seed; a model is what
    `raysign evaluate` takes. M1 to M5 are the
    published rows; any other label is a row of your own. data.synthetic.KEY=VALUE and
    data.empty_clips=VALUE among the rows change how the clips are read.
    """
    from raysign import tracking
    from raysign.draw.report import check_folder
    from raysign.evaluate import table as report
    from raysign.evaluate.record import opened_line

    overrides = tuple(text for text in rows if text.startswith("data."))
    check_world(overrides, queries, gallery)
    parsed = report.parse_rows([text for text in rows if not text.startswith("data.")])
    check_folder(out)  # this and the next before minutes of measuring
    explained = None
    if sweep is not None:
        from raysign.sweep.importance import explain
        from raysign.sweep.recorded import recorded_trials

        trials = recorded_trials(tracking.connect(create=False), sweep)
        explained = explain(trials, within=report.STATED, seed=seed)
    done = report.build(
        parsed, queries, gallery, overrides=overrides, open_test=open_test, seed=seed
    )
    done = replace(done, explained=explained)
    folder = report.write_report(done, out)
    if as_json:
        click.echo(json.dumps(done.as_json()))
        return
    for row in done.rows:
        if row.published:
            click.echo(f"{row.label} published: {row.published.line()}")
        click.echo(f"{row.label} ours: {row.ours.ranking.line()}")
    click.echo(f"untrained: {done.untrained.line()}")
    click.echo(done.untrained.card())
    if done.explained:
        click.echo(done.explained.verdict)
    for note in (done.caveat, *done.notes):
        if note:
            click.echo(f"note: {note}")
    if opened := opened_line(done.card):
        click.echo(opened)
    click.echo(f"the page: {folder / 'report.html'}")
