"""MediaPipe Holistic as in its versions up to 0.10.21, without face mesh and silhouette.

``mediapipe.solutions.holistic.Holistic`` runs the graph ``holistic_landmark_cpu.binarypb``. Its
face mesh hangs on the body's landmarks and nothing hangs on it, so without its nodes body and hands
come out the same, bit for bit, for 5–12 % less CPU time. What remains is set up as there:
https://github.com/google-ai-edge/mediapipe/blob/v0.10.21/mediapipe/python/solutions/holistic.py
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
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

    Its body model is the one of :func:`~raysign.extract.lean.lean_resources`.
    """

    def __init__(self, config: ExtractConfig) -> None:
        resources = lean_resources(body_model(config))
        # Known to MediaPipe's protobuf only once imported: the options of the graph's nodes.
        import_mediapipe("mediapipe.python.solutions.holistic")
        base = import_mediapipe("mediapipe.python.solution_base")
        self._fresh = True
        with _models_from(resources, base):
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

    def landmarks(self, rgb: UInt8[np.ndarray, "height width rgb"]) -> Landmarks:
        self._fresh = False
        found = self._graph.process(rgb)
        return joined(
            *(marks.landmark if (marks := getattr(found, name)) else None for name in OUTPUTS)
        )

    def reset(self) -> None:
        if not self._fresh:
            self._graph.reset()
            self._fresh = True

    def close(self) -> None:
        if self._graph is not None:
            self._graph.close()
            self._graph = None


@contextmanager
def _models_from(folder: Path | None, base: Any) -> Iterator[None]:
    """Graphs that are made meanwhile read MediaPipe's models from a folder, if one is given.

    ``SolutionBase`` says in its constructor, just before it starts the graph, that they lie in the
    package; afterwards is too late, for a graph keeps the models that it has started with.
    """
    bindings = base.resource_util
    if folder is not None:
        base.resource_util = SimpleNamespace(
            set_resource_dir=lambda package: bindings.set_resource_dir(str(folder))
        )
    try:
        yield
    finally:
        base.resource_util = bindings


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
