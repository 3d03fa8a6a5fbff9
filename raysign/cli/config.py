"""``raysign config``: every setting with its value, meaning and range, as usable YAML."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click
from pydantic import TypeAdapter

from raysign.cli.door import door, json_option
from raysign.config import (
    ExtractConfig,
    GalleryConfig,
    KeywordConfig,
    ProtocolConfig,
    RetrainConfig,
    SecondStageConfig,
    SweepConfig,
    TrainConfig,
    load_config,
    read_yaml,
)
from raysign.config.base import Config
from raysign.config.load import write_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic.fields import FieldInfo

EXAMPLE_SPACE = "space={optim.lr: {log_uniform: [1e-4, 1e-2]}}"
"""A space has no default; this one shows the form where no file gives one."""

KINDS: dict[str, type[Config]] = {
    "train": TrainConfig,
    "keywords": KeywordConfig,
    "sweep": SweepConfig,
    "retrain": RetrainConfig,
    "extract": ExtractConfig,
    "gallery": GalleryConfig,
    "rerank": SecondStageConfig,
}
LINE = 100
BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


@door(
    example="raysign config optim.lr=3e-4 encoder.kind=conv_transformer > my.yaml",
    overrides="what is printed",
)
@click.option(
    "--kind", type=click.Choice(list(KINDS)), help="Default: what FILE holds, else train."
)
@click.option("--config", "path", metavar="FILE", help="A YAML file to start from.")
@json_option
def config(
    overrides: tuple[str, ...], kind: str | None, path: str | Path | None, as_json: bool
) -> None:
    """Print every setting with its value and meaning; checks FILE on the way, a sweep's space too.

    What it prints can be saved, changed, and given to `--config` of train, keywords train, sweep,
    retrain, extract and index.
    """
    if kind is None:
        kind = _kind_of({} if path is None else read_yaml(path))
    given = overrides
    if kind == "sweep" and path is None:
        overrides = (EXAMPLE_SPACE, *overrides)
    resolved = load_config(KINDS[kind], path, overrides)
    if isinstance(resolved, SweepConfig) and (path is not None or given):
        from raysign.sweep import space_of  # takes seconds, which the defaults need not

        space_of(resolved)
    if as_json:
        click.echo(json.dumps(resolved.model_dump(mode="json"), ensure_ascii=False))
    else:
        click.echo("\n".join(annotated(resolved)))


def _kind_of(tree: Mapping[str, Any]) -> str:
    """The kind whose settings most of a file's keys are; train's where they are nobody's."""
    if "space" in tree:
        return "sweep"
    return max(KINDS, key=lambda kind: len(KINDS[kind].model_fields.keys() & tree.keys()))


def annotated(section: Config, indent: str = "") -> Iterator[str]:
    """A config as lines of YAML, each setting under a comment with its meaning and range."""
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Config):
            yield from _comment(_first_paragraph(value) + _kinds(field), indent)
            yield f"{indent}{name}:"
            yield from annotated(value, indent + "  ")
            if not indent:
                yield ""
        elif _are_sections(value):
            yield from _comment(field.description or "", indent)
            yield f"{indent}{name}:"
            for part in value:
                yield f"{indent}  -"
                yield from annotated(part, indent + "    ")
        elif _are_named_sections(value):
            yield from _comment(field.description or "", indent)
            yield f"{indent}{name}:"
            for key, part in value.items():
                yield f"{indent}  {key}:"
                yield from annotated(part, indent + "    ")
        else:
            yield from _comment(_meaning(field, value), indent)
            yield from textwrap.indent(_yaml(name, value), indent).splitlines()


def _are_sections(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Config)


def _are_named_sections(value: Any) -> bool:
    """A search space is none: each of its dimensions has one setting of many, and stays a line."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(each, ProtocolConfig) for each in value.values())
    )


def _meaning(field: FieldInfo, value: Any) -> str:
    notes = [_range(field)]
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    if default is not None and default != value:
        notes.append(f"default {_yaml('x', default)[2:].strip()}")
    notes = [note for note in notes if note]
    return (field.description or "") + (f" ({'; '.join(notes)})" if notes else "")


def _range(field: FieldInfo) -> str:
    """The values a field takes, where its type or its bounds say so."""
    if get_origin(field.annotation) is Literal:
        choices = [_yaml("x", choice)[2:].strip() for choice in get_args(field.annotation)]
        return "one of " + ", ".join(choices) if len(choices) > 1 else ""
    found = (
        f"{sign}{getattr(bound, name):g}"
        for bound in field.metadata
        for name, sign in BOUNDS.items()
        if getattr(bound, name, None) is not None
    )
    return ", ".join(found)


def _kinds(field: FieldInfo) -> str:
    """The alternatives of a discriminated union."""
    if field.discriminator is None:
        return ""
    kinds = (kind.model_fields["kind"].default for kind in get_args(field.annotation))
    return f" Kinds: {', '.join(kinds)}."


def _first_paragraph(section: Config) -> str:
    return (type(section).__doc__ or "").partition("\n\n")[0]


def _comment(text: str, indent: str) -> list[str]:
    start = f"{indent}# "
    return textwrap.wrap(text, LINE, initial_indent=start, subsequent_indent=start)


def _yaml(name: str, value: Any) -> str:
    """``name: value``; lists in a row, maps one entry a line."""
    plain = TypeAdapter(Any).dump_python({name: value}, mode="json", exclude_defaults=True)
    flow = None if isinstance(plain[name], list | dict) else False
    return write_yaml(plain, default_flow_style=flow, width=LINE)
