"""Which backend can run here, and the fingerprint of an extraction."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from raysign.config.extract import ExtractConfig, LookConfig
from raysign.errors import ExtractionError
from raysign.extract.mediapipe import package_folder, package_version
from raysign.video import decoder_version

Backend = Literal["holistic", "tasks"]

REVISION = 1
"""To be raised when the same settings and versions give other landmarks than before."""
BODY_MODELS = {0: "lite", 1: "full", 2: "heavy"}
LIMITS = ("max_s", "max_frames", "max_pixels", "most_fps")
GRAPH = Path("modules/holistic_landmark/holistic_landmark_cpu.binarypb")
LEGACY_MODEL_URL = "https://storage.googleapis.com/mediapipe-assets"
TASK_URL = (
    "https://storage.googleapis.com/mediapipe-models/holistic_landmarker/holistic_landmarker/"
    "float16/latest/holistic_landmarker.task"
)


def chosen_backend(config: ExtractConfig) -> Backend:
    """The backend that ``config`` means on this machine.

    Raises:
        ExtractionError: MediaPipe, or a model that the backend needs, is not there.
    """
    has_graph = (package_folder() / GRAPH).is_file()
    if config.backend == "holistic" and not has_graph:
        raise ExtractionError(
            f"MediaPipe {package_version()} has no Holistic graph; "
            "pip install 'mediapipe==0.10.21', or set backend=tasks"
        )
    if config.backend == "holistic" or (config.backend == "auto" and has_graph):
        body_model(config)
        return "holistic"
    task_model(config)
    return "tasks"


def body_model(config: ExtractConfig) -> Path:
    """The body model of ``holistic``; ``ExtractionError`` where the file is not there.

    MediaPipe itself would download it into its own folder without a word.
    """
    folder = package_folder() / "modules" / "pose_landmark"
    file = folder / f"pose_landmark_{BODY_MODELS[config.complexity]}.tflite"
    if not file.is_file():
        raise ExtractionError(
            f"complexity={config.complexity} needs {file.name}, which MediaPipe's wheel does not "
            f"hold; download {LEGACY_MODEL_URL}/{file.name} into {folder}, or set complexity=1"
        )
    return file


def task_model(config: ExtractConfig) -> Path:
    """The model file of ``tasks``; ``ExtractionError`` where it is not there."""
    file = Path(config.model) if config.model else None
    if file is None or not file.is_file():
        got = f"there is none at {config.model!r}" if config.model else "none was given"
        raise ExtractionError(
            f"the tasks backend needs the model holistic_landmarker.task, and {got}; "
            f"download {TASK_URL} and set model to its path"
        )
    return file


def within_reach(look: LookConfig) -> LookConfig:
    """The same, but for a body model that this machine does not have: then the usual one."""
    try:
        if chosen_backend(config := ExtractConfig(**look.model_dump())) == "holistic":
            body_model(config)
    except ExtractionError:
        return look.model_copy(update={"complexity": LookConfig().complexity})
    return look


def fingerprint(config: ExtractConfig) -> str:
    """Sixteen hex digits over everything that decides about landmarks; see :func:`made_with`."""
    text = json.dumps({**made_with(config), "revision": REVISION}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def made_with(config: ExtractConfig) -> dict[str, Any]:
    """What decides about landmarks, in JSON's types.

    That is the settings, less those that the backend does not read, ``timeout_s``, and ``LIMITS``
    that are not set; MediaPipe's version and the models' content; and the libraries that
    decode. Where a model lies is not.

    Raises:
        ExtractionError: see :func:`chosen_backend`.
    """
    backend = chosen_backend(config)
    if backend == "holistic":
        unread, files = {"model"}, [package_folder() / GRAPH, body_model(config)]
    else:
        unread, files = {"model", "complexity"}, [task_model(config)]
    # No clip is another for a limit that there is not.
    unread.update(limit for limit in LIMITS if getattr(config, limit) is None)
    return {
        "settings": config.model_dump(mode="json", exclude={"backend", "timeout_s", *unread}),
        "backend": backend,
        "mediapipe": package_version(),
        "models_sha256": [_digest(str(file), file.stat().st_mtime_ns) for file in files],
        "decoder": decoder_version(),
    }


@lru_cache(maxsize=8)
def _digest(path: str, modified_ns: int) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ExtractionError(f"cannot read model {path!r}: {error.strerror}") from None
