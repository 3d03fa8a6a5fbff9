"""``raysign keywords compose``: sentences of clips of single signs."""

from __future__ import annotations

from shlex import quote

import click

from raysign.cli.door import door, json_option
from raysign.cli.keywords.made import print_sentences, shown


@door(
    example="raysign keywords compose stores/wlasl100 --out stores/composed\n"
    "raysign keywords compose stores/wlasl100 --train 500 --val 100 --out stores/composed "
    "splits=own",
    overrides="how the clips are split, with the keys under `data`",
)
@click.argument("store")
@click.option(
    "--out", required=True, metavar="STORE", help="The store to write: a new or an empty folder."
)
@click.option(
    "--train",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="Sentences of train's clips.",
)
@click.option(
    "--val",
    type=click.IntRange(min=1),
    default=400,
    show_default=True,
    help="Sentences of val's clips.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Which clips come together, and in which order.",
)
@json_option
def compose(
    store: str,
    out: str,
    train: int,
    val: int,
    seed: int,
    as_json: bool,
    overrides: tuple[str, ...],
) -> None:
    """Compose sentences of a store's clips of single signs.

    Real signing with known words and known times, where there is no corpus of sentences. No signer
    of val signs in train, and of byte-identical clips train's are left out, unless `splits` and
    `duplicates` say otherwise; no clip is in both. STORE may be `synthetic`.
    """
    from raysign.config import DataConfig, load_config
    from raysign.errors import DataError
    from raysign.keywords.compose import take_apart
    from raysign.sources import SYNTHETIC
    from raysign.store import has_sentences, iter_clips, write_sentences
    from raysign.synthetic import iter_clips as iter_synthetic

    keys = [text.removeprefix("data.") for text in overrides]
    usual = ["splits=signer_disjoint", "duplicates=drop"]
    config = load_config(DataConfig, None, [*usual, *keys]).model_copy(update={"store": store})
    if store != SYNTHETIC and has_sentences(store):
        raise DataError(
            f"{store!r} is a store of sentences already; use "
            f"`raysign keywords train --data {quote(store)}`"
        )
    clips = iter_synthetic(config.synthetic) if store == SYNTHETIC else iter_clips(store)
    composed = take_apart(clips, config)
    made = composed.sentences(train, val, seed)
    write_sentences(out, shown(made, train + val, out))
    print_sentences(out, as_json, composed.notes)
