"""What pydantic finds wrong, in the house's words: where it is, what was got, what to type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from raysign.config.base import Config

KINDS = ("encoder", "loss")
"""Sections of several kinds: pydantic puts the kind into the path of what is in them."""
PLAIN: Mapping[str, str] = {
    "float": "must be a number",
    "int": "must be a whole number",
    "bool": "must be true or false",
    "string": "must be text",
    "list": "must be a list",
    "tuple": "must be a list",
    "dict": "must be a section with keys and values",
    "model": "must be a section with keys and values",
    "missing": "has to be given",
}
"""By what pydantic's name of a mistake begins with."""


def plain(error: Mapping[str, Any]) -> str:
    """One of ``ValidationError.errors()`` without its place: ``must be a number``."""
    kind, _, rest = str(error["type"]).partition("_")
    if kind in PLAIN and rest in ("", "type", "parsing", "from_float", "attributes_type"):
        return PLAIN[kind]
    message = str(error["msg"]).removeprefix("Value error, ")
    return re.sub(r"^(Input|String|List|Tuple|Dictionary) should ", "must ", message)


def mistake(kind: type[Config], error: Mapping[str, Any], under: str = "") -> str:
    """One of a config's mistakes, with its path; ``under`` is what that begins with (``data.``)
    where the config is a section of what was typed.
    """
    loc = error["loc"]
    path = ".".join(str(part) for part in _config_path(kind, loc))
    if error["type"] == "extra_forbidden":
        return f"{under}{path}: {_no_such_setting(kind, loc, path, under)}"
    path = f"{under}{path}" if path else under.rstrip(".")
    if error["type"] == "missing":
        return f"{path}: {plain(error)}"
    if error["type"] == "union_tag_invalid":
        tag, known = error["ctx"]["tag"], error["ctx"]["expected_tags"]
        return f"{path}.kind: must be one of {known}, got {tag!r}"
    if error["type"] == "value_error":
        return f"{path}: {plain(error)}" if path else plain(error)
    return f"{path}: {plain(error)}, got {error['input']!r:.80}"


def _no_such_setting(kind: type[Config], loc: tuple[int | str, ...], path: str, under: str) -> str:
    if loc[0] == "space" and len(loc) == 3:
        return (
            "no distribution is called that; give one of choice, uniform, log_uniform, "
            "int_uniform, and `when` for a condition"
        )
    meant = _meant(path, list(_settings(kind, loc)))
    guess = f"did you mean {under + meant!r}? " if meant else ""
    if {"train", "space"} <= kind.model_fields.keys():
        return (
            f"no such setting of a sweep; {guess}`{kind.LISTED}` lists them, and those of every "
            "trial begin with `train.`"
        )
    return f"no such setting; {guess}`{kind.LISTED}` lists them"


def _meant(path: str, known: list[str]) -> str:
    """A setting of that section that is spelt alike, one of another that has the name, or ''."""
    section, _, name = path.rpartition(".")
    beside = [k for k in known if k.rpartition(".")[0] == section]
    names = {k.rpartition(".")[2]: k for k in beside}
    close = [names[n] for n in get_close_matches(name, names, 1)]
    elsewhere = [k for k in known if k.rpartition(".")[2] == name]
    return (close or elsewhere or get_close_matches(path, known, 1, 0.8) or [""])[0]


def _settings(kind: type[Config], loc: tuple[int | str, ...]) -> Iterator[str]:
    """Every path of a config; of a section of several kinds only those of the kind in ``loc``."""
    for name, field in kind.model_fields.items():
        sections = [
            section
            for section in (field.annotation, *get_args(field.annotation))
            if isinstance(section, type) and issubclass(section, Config)
        ]
        here, inside = name, loc[1:] if loc[:1] == (name,) else ()
        named = get_origin(field.annotation) in (dict, Mapping)
        if inside and (named or isinstance(inside[0], int)):  # one of a list or dict of sections
            here, inside = f"{name}.{inside[0]}", inside[1:]
        chosen = [section for section in sections if inside[:1] == (kind_of(section),)]
        for section in chosen or sections:
            yield from (f"{here}.{path}" for path in _settings(section, inside[bool(chosen) :]))
        yield name


def kind_of(section: type[Config]) -> Any:
    """The ``kind`` that a section is of; None where it has no kinds."""
    return section.model_fields["kind"].default if "kind" in section.model_fields else None


def _config_path(kind: type[Config], loc: tuple[int | str, ...]) -> list[int | str]:
    """Where a mistake is, without the kinds that pydantic puts in between."""
    of_one_kind = {name for name, field in kind.model_fields.items() if not field.discriminator}
    return [
        part
        for i, part in enumerate(loc)
        if i == 0 or loc[i - 1] not in KINDS or (i == 1 and loc[0] in of_one_kind)
    ]
