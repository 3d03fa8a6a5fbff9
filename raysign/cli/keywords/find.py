"""``raysign keywords find``."""

from __future__ import annotations

import json
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option
from raysign.cli.keywords.noted import noted
from raysign.cli.page_path import page_path
from raysign.cli.patience import Patience

if TYPE_CHECKING:
    from pathlib import Path

    from raysign.clip import Clip
    from raysign.search.keywords.found import Found
    from raysign.search.query import Reader
    from raysign.search.timeline.exemplars import ExemplarSearch


@door(
    example="raysign keywords find stores/phoenix:val REGEN --model runs/words/bundle\n"
    "raysign keywords find stores/phoenix:val REGEN NORD --model runs/words/bundle -k 5 "
    "--html rain.html\n"
    "raysign keywords find lesson.mp4 --like sign.mp4 --json\n"
    "raysign keywords find stores/composed:val book --model runs/words/bundle "
    "--like-clip stores/wlasl100:train 07068",
)
@click.argument("source", metavar="STORE[:split]|VIDEO")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--model", metavar="MODEL", help="The model of keyword search that knows WORD.")
@click.option(
    "--like",
    "videos",
    multiple=True,
    metavar="VIDEO",
    help="Find the sign that this video shows; given often, the nearest of them counts.",
)
@click.option(
    "--like-clip",
    "clips",
    nargs=2,
    multiple=True,
    metavar="STORE ID",
    help="The same with a clip of a store.",
)
@click.option(
    "--encoder",
    default="default",
    show_default=True,
    metavar="MODEL",
    help="The dictionary's model that compares examples with sentences.",
)
@click.option(
    "-k",
    "count",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="K",
    help="How many sentences to tell.",
)
@click.option(
    "--context",
    type=click.Choice(["none", "tfidf", "mlp"]),
    help="How a sentence's other words count, in the order and in how sure a word is (default: "
    "what MODEL was best with on val).",
)
@click.option(
    "--html",
    metavar="FILE",
    help="Write the answer as a page too: each sentence moving, over its timeline.",
)
@json_option
def find(
    source: str,
    words: tuple[str, ...],
    model: str | None,
    videos: tuple[str, ...],
    clips: tuple[tuple[str, str], ...],
    encoder: str,
    count: int,
    context: str | None,
    html: str | None,
    as_json: bool,
) -> None:
    """Find the sentences that have WORD, all of them if several, and where.

    With --like a sign is found by example; with both, a sentence counts by its place in either
    order. STORE holds sentences, or clips of continuous signing; its test split is sealed.
    """
    if not words and not videos and not clips:
        raise click.UsageError("nothing to look for: give WORD, or an example as --like VIDEO")
    if words and model is None:
        raise click.UsageError(f"{words[0]!r} is looked for by a model: give --model MODEL")
    page = None if html is None else page_path(html, source, videos, what="store")
    with Patience(f"opening {model or encoder}") as patience:
        from raysign.search.keywords.find import find as search
        from raysign.search.keywords.words import WordSearch
        from raysign.search.query import LONGEST_S, Reader
        from raysign.search.timeline.source import check_source, read_sentences
        from raysign.tracking import load_keywords

        with Reader(longest_s=LONGEST_S) as reader:
            # What can be refused at once is refused before a model is opened, and a wrong word
            # before minutes of video.
            check_source(source)
            reader.expect(videos)
            signs = _clips(reader, clips)
            looker = None
            if words and model is not None:
                looker = WordSearch(load_keywords(model), context)
                for word in words:
                    looker.vocabulary.number(looker.vocabulary.meant(word))
            patience.now(f"reading {source}")
            sentences = read_sentences(source, reader=reader, note=noted)
            examples = [*map(reader.read, videos), *signs]
        finder = _by_example(encoder, sentences.clips.layout, examples) if examples else None
        found = search(
            sentences,
            words=words,
            model=looker,
            examples=finder,
            named=[clip.clip_id for clip in examples],
            k=count,
            say=patience.now,
        )
        _print(found, as_json)
        if page is not None:
            patience.now(f"writing {page}")
            _write(page, found, as_json)


def _clips(reader: Reader, clips: tuple[tuple[str, str], ...]) -> list[Clip]:
    def again(clip_id: str, store: str) -> str:
        return f"give --like-clip {quote(store)} {quote(clip_id)}"

    return [reader.read(*clip, again=partial(again, clip[1])) for clip in clips]


def _by_example(encoder: str, layout: str, examples: list[Clip]) -> ExemplarSearch:
    from raysign.search.timeline.exemplars import ExemplarSearch
    from raysign.tracking import load_model

    return ExemplarSearch(load_model(encoder, layout), examples)


def _print(found: Found, as_json: bool) -> None:
    from raysign.search.keywords.scenes import lines

    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
        return
    for line in lines(found):
        click.echo(line)


def _write(page: Path, found: Found, as_json: bool) -> None:
    from raysign.search.keywords.scenes import about, asked, scenes
    from raysign.search.timeline.page import write_page

    write_page(page, f"Where is {asked(found)}?", about(found), scenes(found))
    if not as_json:
        click.echo(f"the page: {click.format_filename(page)}")
