"""``make ship``: for those who publish raysign, so no command of ``raysign``."""

from __future__ import annotations

import click

from raysign.cli.door import door


@door(
    example="make ship ARGS=\"runs/best/bundle --licence 'WLASL: C-UDA 1.0, computational and "
    "academic use'\"\n"
    "python -m raysign.cli.ship runs/best/bundle",
)
@click.argument("bundle", metavar="BUNDLE")
@click.option(
    "--licence",
    default="",
    metavar="TEXT",
    help="Under which terms the encoder may be used, given those of its data (default: what its "
    "card says).",
)
def ship(bundle: str, licence: str) -> None:
    """Put a trained encoder into the package: MODEL `default` for its layout, from now on.

    Its weights are rounded to float16; nothing is measured again.
    """
    from raysign import bundle as room

    folder = room.ship(room.load_bundle(bundle), licence)
    size_mb = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    click.echo(f"shipped: {folder}, {size_mb:.2f} MB")
    click.echo(
        "measure it as it ships: raysign evaluate default --queries STORE:val --gallery STORE:train"
    )


if __name__ == "__main__":
    ship(prog_name="python -m raysign.cli.ship")
