"""The encoders that ship with raysign, one bundle a layout: what MODEL ``default`` means.

They are package data: ``raysign/shipped/<layout>/`` is a bundle's folder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from raysign.bundle.card import HIGH, LOW
from raysign.bundle.folder import MANIFEST, Bundle, save_bundle
from raysign.errors import BundleError
from raysign.skeleton import LAYOUTS

SHIPPED = Path(__file__).parents[1] / "shipped"
LIMIT_BYTES = 8_000_000
"""Of one bundle: everyone who installs raysign downloads it."""
FIGURES = ("val/recall_at_1", "val/recall_at_10", "val/map")
"""What its card must tell, each with its interval,"""
TEXTS = ("protocol", "data", "licence")
"""and in words."""
USAGE = """\
```sh
raysign evaluate default --queries STORE:val --gallery STORE:train
```

```python
from raysign.bundle import load_bundle, shipped_bundle

embedder = load_bundle(shipped_bundle("{layout}")).embedder()
embeddings = embedder.embed_padded(landmarks)  # float32 [clip frame joint axis] -> [clip embedding]
```
"""


def shipped_layouts() -> tuple[str, ...]:
    """The layouts for which an encoder ships; may be none."""
    return tuple(layout for layout in LAYOUTS if (SHIPPED / layout / MANIFEST).is_file())


def shipped_bundle(layout: str) -> Path:
    """The folder of the encoder that ships for a layout; ``BundleError`` where none does."""
    shipped = shipped_layouts()
    if layout not in shipped:
        raise BundleError(
            f"no encoder ships for layout {layout!r} (for {', '.join(shipped) or 'none yet'}); "
            "type `raysign train --data STORE` and give the bundle folder that it names"
        )
    return SHIPPED / layout


def ship(bundle: Bundle, licence: str = "") -> Path:
    """Make a trained encoder the one that ships for its layout, in the place of the last.

    Nothing is measured: the figures are those of its training. The weights are rounded to float16,
    and of the store's path only the name is kept.

    Args:
        bundle: what training wrote.
        licence: under which terms it may be used, given those of the data; '' = as its card says.

    Returns:
        The folder in the package.

    Raises:
        BundleError: it lacks what its card must tell, holds more than ``LIMIT_BYTES``, does not fit
            float16, or this raysign cannot use it.
    """
    card = dict(bundle.card)
    card["licence"] = licence.strip() or card.get("licence")
    lacking = [name for name in FIGURES if not _told(bundle.metrics, name)]
    lacking += [f"the {name} of its card" for name in TEXTS if not card.get(name)]
    if lacking:
        raise BundleError(
            f"a bundle that ships must tell {', '.join(lacking)}; give one that `raysign train` "
            "or `raysign sweep` wrote, and its terms as --licence TEXT"
        )
    bundle.embedder()
    card["rounding"] = "weights rounded to float16 after they were measured"
    data = bundle.config.data.model_copy(update={"store": _name(bundle.config.data.store)})
    known: dict[str, object] = {"data": data}
    if bundle.config.start_from is not None:
        known["start_from"] = _name(bundle.config.start_from)
    if isinstance(card["data"], Mapping) and "store" in card["data"]:
        card["data"] = {**card["data"], "store": _name(str(card["data"]["store"]))}
    return save_bundle(
        replace(bundle, card=card, config=bundle.config.model_copy(update=known)),
        SHIPPED / bundle.layout,
        dtype="float16",
        replace=True,
        limit_bytes=LIMIT_BYTES,
        usage=USAGE.format(layout=bundle.layout),
    )


def _told(metrics: Mapping[str, float], name: str) -> bool:
    """Whether a figure is there, with its interval."""
    ends = (metrics.get(name + end, math.nan) for end in ("", LOW, HIGH))
    return all(math.isfinite(value) for value in ends)


def _name(store: str) -> str:
    """The last part of a store's path or URI: where it lay on one machine is nobody's business."""
    return PurePosixPath(store.partition("?")[0]).name
