"""``raysign doctor``."""

from __future__ import annotations

import json

import click

from raysign.cli.door import door, json_option
from raysign.cli.page_path import page_path
from raysign.errors import DataError


@door(
    example="raysign data make --out stores/toy signs=40\n"
    "raysign doctor stores/toy --html doctor.html\n"
    "raysign doctor stores/toy:train --json"
)
@click.argument("store", metavar="STORE[:split]")
@click.option("--html", metavar="FILE", help="Write the page, with pictures, to this file.")
@click.option("--strict", is_flag=True, help="Fail where there are errors: exit code 2.")
@json_option
def doctor(store: str, html: str | None, strict: bool, as_json: bool) -> None:
    """Examine a store before it costs GPU hours: what is wrong, how much, and what to do.

    STORE:split examines that split alone. The test split is sealed: its labels are counted, its
    landmarks are not read. The exit code is 0 when it ran, whatever it found, unless --strict.
    """
    from raysign.doctor import as_text, examine, open_case, write_page
    from raysign.doctor.finding import counted

    # Before the store is measured, and before anything that is needed can be overwritten.
    page = None if html is None else page_path(html, store, what="store")
    case = open_case(store)
    report = examine(case)
    if page is not None:
        write_page(page, case, report)
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        click.echo(as_text(report))
        if page is not None:
            click.echo(f"\nthe page: {html}")
    if strict and (errors := report.counts["error"]):
        raise DataError(f"{counted(errors, 'error')} in {store!r}; mend what is found above")
