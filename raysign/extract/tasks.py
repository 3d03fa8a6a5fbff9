"""MediaPipe's HolisticLandmarker task, with a model file that the user gives.

The Python class is in MediaPipe 0.10.21 and, after a gap, from 0.10.35 on; only the later ones can
load the model of today. Its interface:
https://github.com/google-ai-edge/mediapipe/blob/master/mediapipe/tasks/python/vision/holistic_landmarker.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import UInt8

from raysign.config.extract import ExtractConfig
from raysign.errors import ExtractionError
from raysign.extract.backend import task_model
from raysign.extract.landmarker import Landmarks, joined
from raysign.extract.mediapipe import import_mediapipe, package_version

FRAME_MS = 1000 / 30
"""Milliseconds between frames, as Holistic has it."""


class TasksLandmarker:
    """A :class:`~raysign.extract.landmarker.Landmarker`: one task for each video.

    The task cannot forget, so a reset makes a new one.
    """

    def __init__(self, config: ExtractConfig) -> None:
        if not config.smooth:
            raise ExtractionError(
                "the tasks backend always smooths; set smooth=true, or backend=holistic"
            )
        self._config = config
        self._model = task_model(config)
        # Newer versions swallow what is wrong here when mediapipe itself is imported.
        import_mediapipe("mediapipe.tasks.python")
        self._mediapipe: Any = import_mediapipe("mediapipe")
        self._frames = 0
        self._task: Any = self._new_task()

    def landmarks(self, rgb: UInt8[np.ndarray, "height width rgb"]) -> Landmarks:
        mp = self._mediapipe
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb)
        found = self._task.detect_for_video(image, round(self._frames * FRAME_MS))
        self._frames += 1
        return joined(found.pose_landmarks, found.left_hand_landmarks, found.right_hand_landmarks)

    def reset(self) -> None:
        if self._frames:
            self._task.close()
            self._task, self._frames = self._new_task(), 0

    def close(self) -> None:
        if self._task is not None:
            self._task.close()
            self._task = None

    def _new_task(self) -> Any:
        tasks = self._mediapipe.tasks
        vision = tasks.vision
        if not hasattr(vision, "HolisticLandmarker"):
            raise ExtractionError(
                f"MediaPipe {package_version()} has no HolisticLandmarker; "
                "pip install 'mediapipe>=0.10.35'"
            )
        options = vision.HolisticLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(self._model)),
            running_mode=vision.RunningMode.VIDEO,
            min_pose_detection_confidence=self._config.detection_confidence,
            min_pose_landmarks_confidence=self._config.tracking_confidence,
        )
        try:
            return vision.HolisticLandmarker.create_from_options(options)
        except (ValueError, RuntimeError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise ExtractionError(
                f"MediaPipe {package_version()} cannot load {str(self._model)!r}: {reason}"
            ) from None
