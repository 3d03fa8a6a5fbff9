"""``raysign keywords table``."""

from __future__ import annotations

import json

import click

from raysign.cli.door import door, json_option


@door(
    example="raysign keywords table runs/gloss-body/bundle runs/gloss-both/bundle "
    "runs/word-body/bundle \\\n"
    "    runs/word-both/bundle --sentences stores/phoenix:val --out runs/keywords-table",
)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "--sentences",
    metavar="STORE[:SPLIT]",
    help="What every model is asked (default: val of the store that they learned from).",
)
@click.option(
    "--out",
    default="runs/keywords-table",
    show_default=True,
    metavar="FOLDER",
    help="Where report.html, report.md, table.json and the plots go.",
)
@click.option(
    "--open-test",
    is_flag=True,
    help="Allow the sealed test split; MLflow and the card record it.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the intervals."
)
@json_option
def table(
    models: tuple[str, ...],
    sentences: str | None,
    out: str,
    open_test: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Set trained models beside the published tables, and say which findings hold.

    MODEL is what `raysign keywords evaluate` takes; each knows which words it searches and on which
    joints. Models that differ in the seed alone are one row.
    """
    from raysign.evaluate.keywords import table as report
    from raysign.evaluate.record import opened_line

    done = report.build(models, sentences, open_test=open_test, seed=seed)
    folder = report.write_report(done, out)
    if as_json:
        click.echo(json.dumps(done.as_json(), allow_nan=False))
        return
    for row in done.rows:
        for run, name in zip(row.runs, row.models, strict=True):
            for system, found in run.systems.items():
                click.echo(f"{name}, context {system}: {found.line()}")
    for finding in done.findings:
        verdict = "  ".join(f"{m} {finding.mean[m]}: {v}" for m, v in finding.verdict.items())
        click.echo(f"{finding.claim}: {verdict}")
    for note in done.notes:
        click.echo(f"note: {note}")
    if done.caveat:
        click.echo(f"note: {done.caveat}")
    if opened := opened_line(done.card):
        click.echo(opened)
    click.echo(f"the page: {folder / 'report.html'}")
