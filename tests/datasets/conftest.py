from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, str | None]], Path]:
    """Files by path with their text; None = an empty file."""

    def make(files: dict[str, str | None]) -> Path:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text or "", encoding="utf-8")
        return tmp_path

    return make
