"""Nested settings, as dotted paths: what each says, and what two say otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

UNSET = "unset"


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a nested mapping with their dotted paths, ``prefix`` before each."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Path and both values of what is not the same in two trees; None where one lacks it."""
    before, after = dict(leaves(then)), dict(leaves(now))
    for path in sorted(before | after):
        if before.get(path) != after.get(path):
            yield path, before.get(path), after.get(path)


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The same in words: ``optim.lr=0.1, now 0.2``."""
    return [
        f"{path}={said(before)}, now {said(after)}" for path, before, after in differing(then, now)
    ]


def said(value: Any) -> str:
    """A setting's value, for people."""
    return UNSET if value is None else str(value)
