"""What an extraction says of itself, in its store and in its draft: ``extraction.json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import fs

from raysign.errors import StoreError
from raysign.store.opening import first_line, locate
from raysign.trees import changes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ABOUT = "extraction.json"
FINGERPRINT = "fingerprint"


def finished_extraction(store: str | Path) -> dict[str, Any] | None:
    """What a store says of the extraction that made it; None where no store is there.

    ``StoreError`` where something else is there.
    """
    filesystem, folder = locate(store)
    try:
        info = filesystem.get_file_info(folder.rstrip("/"))
        if info.type == fs.FileType.NotFound:
            return None
        if info.type == fs.FileType.Directory:
            if not filesystem.get_file_info(fs.FileSelector(folder)):
                return None
            about = read_about(filesystem, folder.rstrip("/"))
            if about is not None:
                return about
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"cannot open store {str(store)!r}: {first_line(error)}") from None
    raise StoreError(
        f"{str(store)!r} is there already, and no extraction made it; give another --out"
    )


def extracted_with(store: str | Path) -> dict[str, Any] | None:
    """The settings of the extraction that made a store; None where none did, or it is not told.

    ``StoreError`` where what it left is damaged.
    """
    filesystem, folder = locate(store)
    about = read_about(filesystem, folder.rstrip("/")) or {}
    extractor = about.get("extractor")
    settings = extractor.get("settings") if isinstance(extractor, dict) else None
    return settings if isinstance(settings, dict) else None


def check_same(
    name: str, begun: Mapping[str, Any], about: Mapping[str, Any], what_to_type: str = ""
) -> None:
    """``StoreError`` where an extraction was begun with something else than ``about``.

    ``about`` has sections. Where one has a ``fingerprint``, that decides, and the rest says what
    differs, to people. ``what_to_type`` ends the message.
    """
    changed: list[str] = []
    for section in sorted(begun.keys() | about.keys()):
        before, after = begun.get(section, {}), about.get(section, {})
        same = FINGERPRINT in before and before[FINGERPRINT] == after.get(FINGERPRINT)
        if same or before == after:
            continue
        named = changes(_without_fingerprint(section, before), _without_fingerprint(section, after))
        changed.extend(named or [f"another {section}"])
    if changed:
        raise StoreError(
            f"{name!r} was extracted with {'; '.join(changed)}: two extractions are never mixed; "
            + (what_to_type or f"give another --out, or delete {name}")
        )


def as_json(about: Mapping[str, Any]) -> bytes:
    """The text of the file; the same for the same."""
    return (json.dumps(about, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_about(filesystem: fs.FileSystem, folder: str) -> dict[str, Any] | None:
    """The content of a folder's file; None where there is none."""
    file = f"{folder}/{ABOUT}"
    if filesystem.get_file_info(file).type != fs.FileType.File:
        return None
    with filesystem.open_input_stream(file) as stream:
        content = stream.read()
    try:
        about = json.loads(content)
    except ValueError:
        about = None
    if not isinstance(about, dict):
        raise StoreError(f"{file!r} is damaged; delete the folder and extract again")
    return about


def _without_fingerprint(section: str, tree: Mapping[str, Any]) -> dict[str, Any]:
    return {section: {key: value for key, value in tree.items() if key != FINGERPRINT}}
