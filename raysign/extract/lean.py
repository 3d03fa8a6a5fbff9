"""MediaPipe's body model without the silhouette that nobody asks for.

The model finds landmarks and cuts the person out of the picture. The cut-out is thrown away unless
``enable_segmentation`` is set, but its layers, those at full resolution, run all the same. A copy
without them gives the same landmarks, bit for bit, and saves a fifth of the CPU time
(`benchmarks/extraction.py`). MediaPipe reads its models from a resource folder: the copy lies in
one that otherwise is links to MediaPipe's own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from raysign.extract.mediapipe import import_mediapipe, package_folder

REVISION = 1
"""To be raised when the copy is made otherwise."""
SILHOUETTE, PRESENCE = 2, 1
"""Outputs of the body model: a value for each pixel; whether there is a body at all."""
SILHOUETTE_SHAPE = [1, 256, 256, 1]


def lean_resources(body_model: Path) -> Path | None:
    """MediaPipe's resource folder with the lean copy of a body model in the model's place.

    It is made once for each user and version, under ``XDG_CACHE_HOME`` (``~/.cache``). None where
    it cannot be made: no folder can be written, or the model is not of the known build.
    """
    content = body_model.read_bytes()
    key = hashlib.sha256(content + os.fsencode(body_model) + bytes([REVISION])).hexdigest()[:16]
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "raysign"
        folder = home / f"mediapipe-{key}"
        if not folder.is_dir():
            lean = without_silhouette(content)
            if lean is None:
                return None
            home.mkdir(parents=True, exist_ok=True)
            _make(folder, body_model, lean)
    except (OSError, RuntimeError):  # read-only, or no home at all
        return None
    return folder


def without_silhouette(model: bytes) -> bytes | None:
    """A TFLite body model less the operators that only its silhouette needs.

    Its place among the outputs is taken by another, since MediaPipe counts them. None where the
    model has not the five known outputs.
    """
    import flatbuffers

    schema = import_mediapipe("mediapipe.tasks.metadata.schema_py_generated")
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    graph = tree.subgraphs[0]
    outputs = [int(tensor) for tensor in graph.outputs]
    shapes = [list(graph.tensors[tensor].shape) for tensor in outputs]
    if len(outputs) != 5 or shapes[SILHOUETTE] != SILHOUETTE_SHAPE or shapes[PRESENCE] != [1, 1]:
        return None
    wanted = [tensor for place, tensor in enumerate(outputs) if place != SILHOUETTE]
    needed = _needed(graph.operators, wanted)
    graph.operators = [op for place, op in enumerate(graph.operators) if place in needed]
    outputs[SILHOUETTE] = outputs[PRESENCE]
    graph.outputs = outputs
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _needed(operators: Any, tensors: list[int]) -> set[int]:
    """The operators that the tensors depend on."""
    made_by = {out: place for place, op in enumerate(operators) for out in op.outputs}
    found: set[int] = set()
    open_ends = list(tensors)
    while open_ends:
        place = made_by.get(open_ends.pop())
        if place is not None and place not in found:
            found.add(place)
            open_ends.extend(tensor for tensor in operators[place].inputs if tensor >= 0)
    return found


def _make(folder: Path, body_model: Path, lean: bytes) -> None:
    """Lay links to all of MediaPipe's modules, and the copy; the folder appears whole."""
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".mediapipe-"))
    try:
        modules = draft / "mediapipe" / "modules"
        for own in (package_folder() / "modules").iterdir():
            if own != body_model.parent:
                modules.mkdir(parents=True, exist_ok=True)
                (modules / own.name).symlink_to(own)
        (modules / body_model.parent.name).mkdir()
        for own in body_model.parent.iterdir():
            if own != body_model:
                (modules / body_model.parent.name / own.name).symlink_to(own)
        (modules / body_model.parent.name / body_model.name).write_bytes(lean)
        try:
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
