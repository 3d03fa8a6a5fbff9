"""A bundle is one folder that holds a trained encoder and everything needed to trust and use it.

    weights.safetensors   the encoder's state dict
    README.md             the model card, for people
    bundle.json           layout, config, prepare fingerprint, metrics, card, the signs trained on,
                          sha256 of the weights

``bundle.json`` is written last into a temporary sibling, which is then renamed: a folder that has
it is complete. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save_file

from raysign import __version__
from raysign.bundle.card import FROM_FOLDER, model_card
from raysign.config import TrainConfig, resolve
from raysign.embed import Embedder
from raysign.errors import BundleError, ConfigError, LayoutError
from raysign.skeleton import layout_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

FORMAT = "raysign-bundle"
VERSION = 1
MANIFEST, WEIGHTS, CARD = "bundle.json", "weights.safetensors", "README.md"
DTYPES = {"float32": torch.float32, "float16": torch.float16}
_FIELDS: dict[str, type] = {
    "layout": str,
    "config": dict,
    "prepare_fingerprint": str,
    "metrics": dict,
    "card": dict,
    "weights_sha256": str,
}


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained encoder.

    ``weights`` is the encoder's state dict, on the CPU once loaded. ``metrics`` is flat
    (``val/map``, …). ``card`` is what else one has to know, as JSON: ``protocol`` and ``data``
    (text or a mapping), ``licence`` (under which terms it may be used), ``epoch``; and ``commit``,
    ``created``, ``raysign`` (the version that wrote it), which are filled in on saving where they
    are not given. ``signs`` are the glosses that it was trained on, None where that is not known.
    ``weights_sha256`` is that of the weights' file, in hex; '' until the bundle is read from one.
    """

    layout: str
    config: TrainConfig
    prepare_fingerprint: str
    weights: Mapping[str, Tensor]
    metrics: Mapping[str, float] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    signs: tuple[str, ...] | None = None
    weights_sha256: str = ""

    def embedder(self) -> Embedder:
        """The encoder, ready to embed; ``BundleError`` if this raysign prepares clips otherwise."""
        embedder = Embedder.from_parts(self.layout, self.config, self.weights)
        if embedder.prepare.fingerprint != self.prepare_fingerprint:
            raise BundleError(
                f"this encoder was trained on prepare {self.prepare_fingerprint}, this raysign's "
                f"is {embedder.prepare.fingerprint}; pip install "
                f"raysign=={self.card.get('raysign')}, or train again"
            )
        return embedder


def save_bundle(
    bundle: Bundle,
    folder: str | Path,
    *,
    dtype: Literal["float32", "float16"] = "float32",
    replace: bool = False,
    limit_bytes: int | None = None,
    usage: str = FROM_FOLDER,
) -> Path:
    """Write the bundle; its folder appears whole or not at all.

    Args:
        bundle: what to write.
        folder: where; its parents are made.
        dtype: of floating-point weights in the file; float16 halves it.
        replace: put it in the place of a bundle that is already there.
        limit_bytes: the most that its files may hold together.
        usage: Markdown, what the card says of how to use it.

    Returns:
        The folder.

    Raises:
        BundleError: the folder is taken, the weights are not finite, or the bundle is too large.
    """
    folder = Path(folder)
    check_free(folder, replace=replace)
    weights = {name: _stored(name, tensor, dtype) for name, tensor in bundle.weights.items()}
    card = {
        "commit": commit(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "raysign": __version__,
        **bundle.card,
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise BundleError(f"cannot write a bundle at {str(folder)!r}: {error.strerror}") from None
    try:
        save_file(weights, draft / WEIGHTS, metadata={"format": "pt"})
        page = model_card(bundle.layout, bundle.config, bundle.metrics, card, usage=usage)
        (draft / CARD).write_text(page, encoding="utf-8")
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "layout": bundle.layout,
            "prepare_fingerprint": bundle.prepare_fingerprint,
            "weights_sha256": hashlib.sha256((draft / WEIGHTS).read_bytes()).hexdigest(),
            "parameters": sum(tensor.numel() for tensor in weights.values()),
            "metrics": {
                k: float(v) if math.isfinite(v) else None for k, v in bundle.metrics.items()
            },
            "card": card,
            "config": bundle.config.model_dump(mode="json"),
            "signs": None if bundle.signs is None else list(bundle.signs),
        }
        text = json.dumps(manifest, indent=2, allow_nan=False)
        (draft / MANIFEST).write_text(text + "\n", encoding="utf-8")
        _refuse_large(draft, limit_bytes)
        for path, mode in ((draft, 0o777), (draft / WEIGHTS, 0o666)):  # both are made private
            path.chmod(mode & ~_umask())
        _put_in_place(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def load_bundle(folder: str | Path) -> Bundle:
    """Read a bundle back; ``BundleError`` where it is missing, half-written, changed or foreign.

    Weights keep the type that they were stored in; ``load_state_dict`` widens them.
    """
    folder = Path(folder)
    manifest = _manifest(folder)
    try:
        layout_named(manifest["layout"])
        config = resolve(TrainConfig, manifest["config"])
    except (LayoutError, ConfigError) as error:
        raise BundleError(f"bundle {str(folder)!r} does not fit this raysign: {error}") from None
    try:
        content = (folder / WEIGHTS).read_bytes()
    except OSError:
        raise BundleError(
            f"bundle {str(folder)!r} has no readable {WEIGHTS}; copy the whole folder again"
        ) from None
    if hashlib.sha256(content).hexdigest() != manifest["weights_sha256"]:
        raise BundleError(
            f"bundle {str(folder)!r}: {WEIGHTS} is not the file that {MANIFEST} was written for "
            "(sha256 differs); copy the whole folder again"
        )
    try:
        weights = load_tensors(content)
    except SafetensorError as error:
        raise BundleError(f"bundle {str(folder)!r}: {WEIGHTS} is damaged: {error}") from None
    return Bundle(
        layout=manifest["layout"],
        config=config,
        prepare_fingerprint=manifest["prepare_fingerprint"],
        weights=weights,
        metrics={k: math.nan if v is None else float(v) for k, v in manifest["metrics"].items()},
        card=manifest["card"],
        signs=None if manifest.get("signs") is None else tuple(manifest["signs"]),
        weights_sha256=manifest["weights_sha256"],
    )


def commit(folder: str | Path = Path(__file__).parent) -> str:
    """The git commit of a folder, with ``-dirty`` where tracked files differ; '' outside of git.

    By default that of raysign's own code, wherever it is run from.
    """
    command = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(
            [*command, "--exclude=*"], cwd=folder, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def check_free(folder: str | Path, *, replace: bool = False) -> None:
    """``BundleError`` where a bundle cannot be put: before hours of work, not after them."""
    folder = Path(folder)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / MANIFEST).is_file():
        raise BundleError(f"{str(folder)!r} exists and is no bundle; give another folder")
    if not replace:
        raise BundleError(f"{str(folder)!r} already holds a bundle; give another folder")


def _refuse_large(draft: Path, limit_bytes: int | None) -> None:
    size = sum(path.stat().st_size for path in draft.iterdir())
    if limit_bytes is not None and size > limit_bytes:
        raise BundleError(
            f"the bundle holds {size / 1e6:.2f} MB, and the limit is {limit_bytes / 1e6:g} MB; "
            "train a smaller encoder: lower encoder.width or encoder.depth"
        )


def _stored(name: str, tensor: Tensor, dtype: str) -> Tensor:
    """On the CPU, contiguous, memory of its own (safetensors refuses shared memory), and finite."""
    stored = tensor.detach().to("cpu", DTYPES[dtype] if tensor.is_floating_point() else None)
    if not torch.isfinite(stored).all():
        raise BundleError(
            f"weight {name!r} is not finite as {dtype}: the training diverged, or the type is too "
            "narrow; lower optim.lr, or save as float32"
        )
    return stored.clone(memory_format=torch.contiguous_format)


def _put_in_place(draft: Path, folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        os.replace(folder, old)
        os.replace(draft, folder)
        shutil.rmtree(old)
    else:
        os.replace(draft, folder)


def _umask() -> int:
    """Reading the mask means setting it; there is no other call."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _all_text(names: Any) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _manifest(folder: Path) -> dict[str, Any]:
    what = f"bundle {str(folder)!r}"
    if not folder.is_dir():
        raise BundleError(
            f"{what} does not exist; give the folder that training wrote, or an MLflow URI such as "
            "models:/raysign-encoder@champion"
        )
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(f"{what} has no {MANIFEST}: not a bundle, or only half copied") from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{what}: cannot read {MANIFEST}: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(f"{what}: {MANIFEST} was not written by raysign")
    if manifest.get("version") != VERSION:
        raise BundleError(
            f"{what} has format version {manifest.get('version')!r}, this raysign reads {VERSION}; "
            "use the raysign that wrote it"
        )
    wrong = [name for name, kind in _FIELDS.items() if not isinstance(manifest.get(name), kind)]
    if not wrong and not all(
        isinstance(v, float | int | None) for v in manifest["metrics"].values()
    ):
        wrong = ["metrics"]
    signs = manifest.get("signs")  # optional: who made the bundle may not know them
    if not wrong and not (signs is None or _all_text(signs)):
        wrong = ["signs"]
    if wrong:
        raise BundleError(f"{what}: {MANIFEST} has no valid field {wrong[0]!r}")
    return manifest
