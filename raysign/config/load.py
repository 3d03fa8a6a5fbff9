"""YAML and ``key=value`` overrides → a checked config; all mistakes at once, each with its path."""

from __future__ import annotations

import copy
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import ValidationError

from raysign.config.base import Config
from raysign.config.keywords import KeywordConfig
from raysign.config.mistakes import mistake
from raysign.config.train import TrainConfig
from raysign.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

C = TypeVar("C", bound=Config)
RUNS: Mapping[type[Config], str] = {TrainConfig: "train", KeywordConfig: "keywords train"}
"""The commands that take a run's settings."""
FOREIGN = ("int", "float", "timestamp")
"""What YAML 1.1 reads in its own way: ``010`` as 8, ``1:30`` as 90, ``2026-11-22`` as a date."""
NUMBERS = {
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}
"""Numbers of YAML 1.2's core schema (section 10.3.2), the whole ones first; all else is text."""
BASES = {"0o": 8, "0x": 16}


class _Loader(yaml.SafeLoader):
    """Safe YAML with the numbers of YAML 1.2 and without dates: no setting is one."""


class _Dumper(yaml.SafeDumper):
    """Quotes text that ``_Loader``, or a reader of YAML 1.1, would take for something else."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in known if tag.rpartition(":")[2] not in FOREIGN]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _name, _form in NUMBERS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(
            f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_form})$"), list("-+.0123456789")
        )


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _whole(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = _text(loader, node)
    return int(text, BASES.get(text[:2], 10))


def _mapping(loader: _Loader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    """A mapping in which no key stands twice: YAML would keep the last and drop the others."""
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(
                problem=f"the key {key!r} stands twice in one section; keep one of them",
                problem_mark=node.start_mark,
            )
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _whole)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)  # as a tag, too


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A YAML file's mapping; ``ConfigError`` where it is missing, broken or no mapping."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read config {str(path)!r}: {_reason(error)}; give the path of a YAML file"
        ) from None
    tree = _parse(text, f"config {str(path)!r}")
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"config {str(path)!r} must hold `key: value` lines, got {tree!r:.60}")
    return tree


def load_config(kind: type[C], path: str | Path | None = None, overrides: Sequence[str] = ()) -> C:
    """The config of that kind from a YAML file (or the defaults), then ``a.b=value`` overrides."""
    tree = read_yaml(path) if path is not None else {}
    _check_kind(kind, tree, str(path))
    return resolve(kind, overridden(tree, overrides))


def write_yaml(tree: Mapping[str, Any], **how: Any) -> str:
    """As YAML that :func:`read_yaml` reads as it was, text that looks like a number too."""
    text: str = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, **how)
    return text


def setting(path: str, text: str) -> str:
    """``path=text`` as :func:`overridden` reads it: the text itself, whatever it looks like."""
    quoted = yaml.dump(text, Dumper=_Dumper, default_style='"', width=math.inf)
    return f"{path}={quoted.rstrip()}"


def overridden(tree: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """A copy of the tree with each ``a.b=value`` put where it belongs."""
    changed = copy.deepcopy(dict(tree))
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key:
            raise ConfigError(f"override {override!r} is not of the form key=value")
        put(changed, key, _parse(text, f"override {override!r}"))
    return changed


def resolve(kind: type[C], tree: Mapping[str, Any], under: str = "") -> C:
    """The tree as a checked config; one ``ConfigError`` that names every mistake with its path,
    which begins with ``under`` (``data.``) where the tree is a section of what was typed.
    """
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        raise ConfigError("; ".join(mistake(kind, e, under) for e in error.errors())) from None


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, making the branches that lead there."""
    *branches, leaf = path.split(".")
    for branch in branches:
        below = tree.setdefault(branch, {})
        if not isinstance(below, dict):
            raise ConfigError(f"{path!r}: {branch!r} is a value, not a section; got {below!r}")
        tree = below
    tree[leaf] = value


def with_values(tree: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the tree with values at dotted paths."""
    copied = copy.deepcopy(dict(tree))
    for path, value in values.items():
        put(copied, path, value)
    return copied


def _check_kind(kind: type[Config], tree: Mapping[str, Any], path: str) -> None:
    """One line where a file was given to the wrong door, instead of one for each of its keys."""
    words = {"search", "context"}
    runs = {"data", "prepare", "augment", "encoder", "loss", "batches", "optim", "evaluate"}
    if "encoder" in kind.model_fields and "space" in tree:
        raise ConfigError(
            f"config {path!r} is a sweep's, it has a `space`; type raysign sweep --config {path}"
        )
    door = "keywords train" if words & tree.keys() else "train"
    if "space" in kind.model_fields and "space" not in tree and runs & tree.keys():
        raise ConfigError(
            f"config {path!r} is one training run's, it has no `space`; "
            f"type raysign {door} --config {path}"
        )
    if "encoder" in kind.model_fields and (found := words & tree.keys() - kind.model_fields.keys()):
        raise ConfigError(
            f"config {path!r} is one of keyword search, it has `{min(found)}`; "
            f"type raysign keywords train --config {path}"
        )
    if kind in RUNS and not _fits(kind, tree):
        for other, command in RUNS.items():
            if _fits(other, tree):
                raise ConfigError(
                    f"config {path!r} is one of raysign {command}; type raysign {command} "
                    f"--config {path}"
                )


def _fits(kind: type[Config], tree: Mapping[str, Any]) -> bool:
    try:
        kind.model_validate(tree)
    except ValidationError:
        return False
    return True


def _parse(text: str, what: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # a SafeLoader
    except (yaml.YAMLError, ValueError) as error:  # that of int() and float()
        raise ConfigError(f"{what} is not YAML: {' '.join(str(error).split())}") from None


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
