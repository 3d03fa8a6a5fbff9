from __future__ import annotations

from typing import Any

import pytest

from raysign.errors import ExtractionError
from raysign.extract.mediapipe import import_mediapipe


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ImportError("libGL.so.1: cannot open shared object file: No such file or directory"),
            "MediaPipe needs the system library libGL.so.1, which is not there; on Debian and "
            "Ubuntu: apt-get install libgl1 libglib2.0-0 libsm6 libxext6",
        ),
        (
            OSError("libGLESv2.so.2: cannot open shared object file: No such file or directory"),
            "MediaPipe needs the system library libGLESv2.so.2, which is not there; on Debian and "
            "Ubuntu: apt-get install libegl1 libgles2",
        ),
        (
            ModuleNotFoundError("No module named 'mediapipe'", name="mediapipe"),
            "MediaPipe is not installed; pip install 'raysign[extract]'",
        ),
        (
            ModuleNotFoundError("No module named 'jax'\nat all", name="jax"),
            "MediaPipe cannot be imported: No module named 'jax' at all; "
            "pip install 'raysign[extract]'",
        ),
    ],
)
def test_what_is_missing_is_named(
    error: Exception, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> Any:
        raise error

    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(ExtractionError) as raised:
        import_mediapipe("mediapipe")
    assert str(raised.value) == expected
