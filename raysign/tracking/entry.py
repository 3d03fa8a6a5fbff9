"""What the registry shows of a bundle, and how MLflow loads it: one class for each kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np

from raysign.bundle import (
    Bundle,
    KeywordBundle,
    keyword_card,
    load_any,
    model_card,
)
from raysign.bundle.form import FORMS
from raysign.clip import USUAL_FPS
from raysign.skeleton import layout_named
from raysign.tracking.openings import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFESTS = tuple(form.manifest for form in FORMS)
"""A bundle's folder has one of these files."""
TOLD = (
    *("val/map", "val/map_low", "val/map_high"),
    *("val/recall_at_1", "val/max_f1", "val/queries", "val/gallery"),
)
"""Figures that stand in a list of versions."""
B = TypeVar("B", Bundle, KeywordBundle)


class Entry(ABC, Generic[B]):
    """A bundle as the registry has it."""

    name: ClassVar[str]
    """Under which it is registered, unless another is given."""
    loader: ClassVar[str]
    """Stands in every registered model: it must stay importable."""

    def __init__(self, bundle: B) -> None:
        self.bundle: B = bundle

    @property
    def metrics(self) -> Mapping[str, float]:
        return self.bundle.metrics

    @property
    def card(self) -> Mapping[str, Any]:
        return self.bundle.card

    @property
    def tags(self) -> dict[str, str]:
        """What versions are told apart by."""
        data, metrics = self.card.get("data"), self.metrics
        tags = {
            "layout": self.bundle.layout,
            "encoder": self.bundle.config.encoder.kind,
            "prepare_fingerprint": self.bundle.prepare_fingerprint,
            "commit": self.card.get("commit"),
            "data_fingerprint": data.get("fingerprint") if isinstance(data, dict) else None,
            WEIGHTS: self.bundle.weights_sha256,
            **{key: f"{value:.4f}" for key, value in metrics.items() if key in TOLD},
        }
        return {key: str(value) for key, value in tags.items() if value}

    @abstractmethod
    def page(self, uri: str, model_uri: str) -> str:
        """Its model card, with how to use what is registered there."""

    @abstractmethod
    def signature(self) -> Any:
        """What MLflow is told of what goes in and comes out."""

    def pack(self, path: Path, data: Path, model: Any) -> None:
        """Write MLflow's model folder around a bundle folder."""
        import mlflow.pyfunc

        mlflow.pyfunc.save_model(
            path,
            loader_module=self.loader,
            data_path=str(data),
            mlflow_model=model,
            signature=self.signature(),
            # Given, since inferring them runs the model in another process.
            pip_requirements=[f"raysign=={self.card['raysign']}"],
        )


class SignEntry(Entry[Bundle]):
    """An encoder of signs."""

    name = "raysign-encoder"
    loader = "raysign.tracking.pyfunc"

    def page(self, uri: str, model_uri: str) -> str:
        bundle, joints = self.bundle, layout_named(self.bundle.layout).num_joints
        usage = _ENCODE.format(uri=uri, model_uri=model_uri, joints=joints)
        return model_card(bundle.layout, bundle.config, bundle.metrics, bundle.card, usage=usage)

    def signature(self) -> Any:
        return _signature(
            layout_named(self.bundle.layout).num_joints, self.bundle.config.encoder.embedding
        )


class WordEntry(Entry[KeywordBundle]):
    """A keyword model."""

    name = "raysign-keywords"
    loader = "raysign.tracking.keyword_pyfunc"

    @property
    def tags(self) -> dict[str, str]:
        words = self.bundle.vocabulary
        return {**super().tags, "words": words.kind, "vocabulary": str(len(words))}

    def page(self, uri: str, model_uri: str) -> str:
        bundle, joints = self.bundle, layout_named(self.bundle.layout).num_joints
        usage = _SEARCH.format(uri=uri, model_uri=model_uri, joints=joints)
        words = len(bundle.vocabulary)
        return keyword_card(
            bundle.layout, bundle.config, words, bundle.metrics, bundle.card, usage=usage
        )

    def signature(self) -> Any:
        joints, words = layout_named(self.bundle.layout).num_joints, len(self.bundle.vocabulary)
        return _signature(joints, words, axes=-1, fps=USUAL_FPS)


def entry_of(folder: str | Path) -> SignEntry | WordEntry:
    """The bundle in a folder; ``BundleError`` where it cannot be read."""
    bundle = load_any(folder)
    return WordEntry(bundle) if isinstance(bundle, KeywordBundle) else SignEntry(bundle)


def _signature(joints: int, out: int, *, axes: int = 3, **params: float) -> Any:
    """Of landmarks with so many numbers a joint (−1 = any), and these parameters beside aspect."""
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec, Schema, TensorSpec

    float32 = np.dtype(np.float32)
    return ModelSignature(
        inputs=Schema([TensorSpec(float32, (-1, -1, joints, axes))]),
        outputs=Schema([TensorSpec(float32, (-1, out))]),
        params=ParamSchema(
            [ParamSpec(name, "double", usual) for name, usual in {"aspect": 1.0, **params}.items()]
        ),
    )


_ENCODE = """\
In an environment that has raysign, with `MLFLOW_TRACKING_URI={uri}`:

```python
import mlflow
import numpy as np

landmarks = np.full((1, 60, {joints}, 3), np.nan, np.float32)  # yours: [clip, frame, joint, axis]
embeddings = mlflow.pyfunc.load_model("{model_uri}").predict(landmarks)
```

`predict(landmarks, params={{"aspect": 16 / 9}})` tells the picture's width / height (default 1).
Or measure it: `raysign evaluate {model_uri} --queries STORE:val --gallery STORE:train`
"""
_SEARCH = """\
In an environment that has raysign, with `MLFLOW_TRACKING_URI={uri}`:

```python
import mlflow
import numpy as np

landmarks = np.full((1, 99, {joints}, 3), np.nan, np.float32)  # yours: [sentence frame joint axis]
confidences = mlflow.pyfunc.load_model("{model_uri}").predict(landmarks)  # [sentence, word]
```

Frames that are all NaN at a sentence's end are padding. A joint may have a fourth number beside x,
y and z: the detector's confidence, 0–1.
`predict(landmarks, params={{"aspect": 16 / 9, "fps": 50.0}})` tells the picture's width / height
(default 1) and the frames a second (default 25).
Or measure it: `raysign keywords evaluate {model_uri} STORE:val`
"""
