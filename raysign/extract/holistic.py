"""MediaPipe Holistic as in its versions up to 0.10.21, without face mesh and silhouette.

``mediapipe.solutions.holistic.Holistic`` runs the graph ``holistic_landmark_cpu.binarypb``. Its
face mesh hangs on the body's landmarks and nothing hangs on it, so without its nodes body and hands
come out the same, bit for bit, for 5–12 % less CPU time. What remains is set up as there:
https://github.com/google-ai-edge/mediapipe/blob/v0.10.21/mediapipe/python/solutions/holistic.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from raysign.config.extract import ExtractConfig
from raysign.extract.backend import GRAPH, body_model
from raysign.extract.landmarker import Landmarks, joined
from raysign.extract.lean import lean_resources
from raysign.extract.mediapipe import import_mediapipe, package_folder

FACE = "face_landmarks"
"""Nodes, outputs and side inputs of the face mesh have it in the names of what they put out."""
OUTPUTS = ("pose_landmarks", "left_hand_landmarks", "right_hand_landmarks")
DETECTION = "poselandmarkcpu__posedetectioncpu__TensorsToDetectionsCalculator.min_score_thresh"
TRACKING = (
    "poselandmarkcpu__poselandmarkbyroicpu__tensorstoposelandmarksandsegmentation__"
    "ThresholdingCalculator.threshold"
)


class HolisticLandmarker:
    """A :class:`~raysign.extract.landmarker.Landmarker`: one graph, restarted between videos.

    While it is open, MediaPipe reads its models from the folder of
    :func:`~raysign.extract.lean.lean_resources`: another graph of the same process that starts
    meanwhile cannot have ``enable_segmentation``.
    """

    def __init__(self, config: ExtractConfig) -> None:
        self._resources = lean_resources(body_model(config))
        # Known to MediaPipe's protobuf only once imported: the options of the graph's nodes.
        import_mediapipe("mediapipe.python.solutions.holistic")
        base = import_mediapipe("mediapipe.python.solution_base")
        self._fresh = True
        self._graph = base.SolutionBase(
            graph_config=graph_without_face(),
            side_inputs={
                "model_complexity": config.complexity,
                "smooth_landmarks": config.smooth,
                "enable_segmentation": False,
                "smooth_segmentation": False,
                "use_prev_landmarks": True,  # follow the signer from frame to frame
            },
            calculator_params={
                DETECTION: config.detection_confidence,
                TRACKING: config.tracking_confidence,
            },
            outputs=list(OUTPUTS),
        )
        if self._resources is not None:
            self._restart()  # it has started with MediaPipe's own models

    def landmarks(self, rgb: UInt8[np.ndarray, "height width rgb"]) -> Landmarks:
        self._fresh = False
        found = self._graph.process(rgb)
        return joined(
            *(marks.landmark if (marks := getattr(found, name)) else None for name in OUTPUTS)
        )

    def reset(self) -> None:
        if not self._fresh:
            self._restart()
            self._fresh = True

    def close(self) -> None:
        if self._graph is not None:
            self._graph.close()
            self._graph = None
            _read_models_from(package_folder().parent)

    def _restart(self) -> None:
        """A started graph is as new; it reads its models again."""
        if self._resources is not None:
            _read_models_from(self._resources)
        self._graph.reset()


def _read_models_from(folder: Path) -> None:
    bindings = import_mediapipe("mediapipe.python._framework_bindings")
    bindings.resource_util.set_resource_dir(str(folder))


def graph_without_face() -> Any:
    """MediaPipe's Holistic graph (a ``CalculatorGraphConfig``) less what makes the face mesh."""
    config = import_mediapipe("mediapipe.framework.calculator_pb2").CalculatorGraphConfig()
    config.ParseFromString((package_folder() / GRAPH).read_bytes())

    def keep(names: Any, *, without: str) -> None:
        kept = [name for name in names if without not in name.lower()]
        del names[:]
        names.extend(kept)

    nodes = [node for node in config.node if not any(FACE in out for out in node.output_stream)]
    del config.node[:]
    config.node.extend(nodes)
    keep(config.output_stream, without=FACE)
    keep(config.input_side_packet, without="refine_face")
    return config
