"""MediaPipe, imported late and quietly, its absence explained."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import re
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from raysign.errors import ExtractionError

QUIET = {
    "GLOG_minloglevel": "2",  # errors only
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "GLOG_logtostderr": "1",  # no log files in /tmp
}
INSTALL = "pip install 'raysign[extract]'"
MISSING_LIBRARY = re.compile(r"(lib[\w+.-]+\.so[.\d]*)\S*: cannot open shared object file")
OPENCV_PACKAGES = "libgl1 libglib2.0-0 libsm6 libxext6"
"""Of Debian and Ubuntu: what the wheel of OpenCV links, which MediaPipe imports."""
TASKS_PACKAGES = "libegl1 libgles2"
"""What MediaPipe itself links from 0.10.35 on."""


def package_folder() -> Path:
    """Where MediaPipe is installed; found without importing it, which takes half a second.

    Raises:
        ExtractionError: it is not installed.
    """
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        raise ExtractionError(f"MediaPipe is not installed; {INSTALL}")
    return Path(spec.origin).parent


def package_version() -> str:
    """MediaPipe's version, '' where its metadata is missing."""
    try:
        return version("mediapipe")
    except PackageNotFoundError:
        return ""


def import_mediapipe(module: str) -> Any:
    """Import a module of MediaPipe.

    Raises:
        ExtractionError: it, or a library that it links, is missing.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except (ImportError, OSError) as error:
        raise ExtractionError(_why(error)) from error


def _why(error: Exception) -> str:
    text = " ".join(str(error).split())
    if missing := MISSING_LIBRARY.search(text):
        library = missing[1]
        of_tasks = library.startswith(("libEGL", "libGLES"))
        packages = TASKS_PACKAGES if of_tasks else OPENCV_PACKAGES
        return (
            f"MediaPipe needs the system library {library}, which is not there; on Debian and "
            f"Ubuntu: apt-get install {packages}"
        )
    if isinstance(error, ModuleNotFoundError) and error.name == "mediapipe":
        return f"MediaPipe is not installed; {INSTALL}"
    return f"MediaPipe cannot be imported: {text}; {INSTALL}"
