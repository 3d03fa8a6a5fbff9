"""What the folder of every bundle has in common, whatever it holds.

    weights.safetensors   tensors
    README.md             the model card, for people
    a manifest            JSON: what else there is to know, and the sha256 of the weights

The manifest is written last into a temporary sibling, which is then renamed: a folder that has it
is complete. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save_file
from torch import Tensor

from raysign import __version__
from raysign.bundle.origin import commit
from raysign.errors import BundleError
from raysign.whole import before, put_in_place, restore, settle

WEIGHTS, CARD = "weights.safetensors", "README.md"
DTYPES = {"float32": torch.float32, "float16": torch.float16}
SHARED: Mapping[str, type] = {
    "layout": str,
    "config": dict,
    "prepare_fingerprint": str,
    "metrics": dict,
    "card": dict,
    "weights_sha256": str,
}
"""Fields of every manifest."""
VERSION = 1


@dataclass(frozen=True)
class Form:
    """One kind of bundle."""

    manifest: str
    """Name of its manifest,"""
    format: str
    """and what that says it is."""
    holds: str
    """What it holds, in words: ``a sign encoder``."""
    give: str
    """MODEL where one is in the registry."""


SIGNS = Form("bundle.json", "raysign-bundle", "a sign encoder", "models:/raysign-encoder@champion")
WORDS = Form(
    "keywords.json", "raysign-keywords", "a keyword model", "models:/raysign-keywords@champion"
)
FORMS = (SIGNS, WORDS)
"""Every kind that there is."""


def check_free(folder: str | Path, *, replace: bool = False) -> None:
    """``BundleError`` where a bundle cannot be put: before hours of work, not after them."""
    folder = Path(folder)
    try:
        restore(folder.resolve())
    except OSError as error:
        raise _unwritten(folder, error) from None
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not any((folder / form.manifest).is_file() for form in FORMS):
        raise BundleError(f"{str(folder)!r} exists and is no bundle; give another folder")
    if not replace:
        raise BundleError(f"{str(folder)!r} already holds a bundle; give another folder")


def full_card(card: Mapping[str, Any]) -> dict[str, Any]:
    """A card with its origin, as far as it does not tell it itself."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"commit": commit(), "created": now, "raysign": __version__, **card}


def write_folder(
    folder: Path,
    form: Form,
    tensors: Mapping[str, Tensor],
    page: str,
    manifest: Mapping[str, Any],
    *,
    dtype: Literal["float32", "float16"] | None = None,
    limit_bytes: int | None = None,
) -> None:
    """Put a bundle in its place, which ``check_free`` has found free; its metrics may be NaN.

    Floating-point tensors become ``dtype``, and stay what they are where it is None.

    ``BundleError`` where it cannot be written, a tensor is not finite, or the files hold more than
    ``limit_bytes`` together.
    """
    stored = {name: _stored(name, tensor, dtype) for name, tensor in tensors.items()}
    place = folder.resolve()  # of a link, what it leads to
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    except OSError as error:
        raise _unwritten(folder, error) from None
    try:
        save_file(stored, draft / WEIGHTS, metadata={"format": "pt"})
        (draft / CARD).write_text(page, encoding="utf-8")
        metrics = {
            k: float(v) if math.isfinite(v) else None for k, v in manifest["metrics"].items()
        }
        told = {
            "format": form.format,
            "version": VERSION,
            **manifest,
            "metrics": metrics,
            "weights_sha256": hashlib.sha256((draft / WEIGHTS).read_bytes()).hexdigest(),
        }
        text = json.dumps(told, indent=2, allow_nan=False)
        (draft / form.manifest).write_text(text + "\n", encoding="utf-8")
        _refuse_large(draft, limit_bytes)
        for path, mode in ((draft, 0o777), (draft / WEIGHTS, 0o666)):  # both are made private
            path.chmod(mode & ~_umask())
        settle(draft)
        put_in_place(draft, place)
    except (OSError, SafetensorError) as error:
        raise _unwritten(folder, error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_manifest(folder: Path, form: Form, fields: Mapping[str, type]) -> dict[str, Any]:
    """A bundle's manifest, which has ``SHARED`` and these fields; its metrics are numbers again.

    ``BundleError`` where it is missing, half-written, foreign, or another kind's.
    """
    what, name = f"bundle {str(folder)!r}", form.manifest
    if not folder.is_dir() and (old := before(folder)).is_dir():
        raise BundleError(
            f"{what} was being replaced when its writer stopped; the old one is {str(old)!r}: give "
            "it that name again"
        )
    if not folder.is_dir():
        raise BundleError(
            f"{what} does not exist; give the folder that training wrote, or an MLflow URI such as "
            f"{form.give}"
        )
    try:
        manifest = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        for other in FORMS:
            if (folder / other.manifest).is_file():
                raise BundleError(
                    f"{what} holds {other.holds}, and {form.holds} is needed; give the folder of "
                    f"one, or {form.give}"
                ) from None
        raise BundleError(f"{what} has no {name}: not a bundle, or only half copied") from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{what}: cannot read {name}: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != form.format:
        raise BundleError(f"{what}: {name} was not written by raysign")
    if manifest.get("version") != VERSION:
        raise BundleError(
            f"{what} has format version {manifest.get('version')!r}, this raysign reads {VERSION}; "
            "use the raysign that wrote it"
        )
    for field, kind in {**SHARED, **fields}.items():
        if not isinstance(manifest.get(field), kind):
            refuse_field(folder, form, field)
    metrics = manifest["metrics"]
    if not all(isinstance(value, float | int | None) for value in metrics.values()):
        refuse_field(folder, form, "metrics")
    told = {key: math.nan if value is None else float(value) for key, value in metrics.items()}
    return {**manifest, "metrics": told}


def refuse_field(folder: Path, form: Form, field: str) -> None:
    """``BundleError``: a field of the manifest is missing or not what it should be."""
    raise BundleError(f"bundle {str(folder)!r}: {form.manifest} has no valid field {field!r}")


def read_weights(folder: Path, form: Form, sha256: str) -> dict[str, Tensor]:
    """The tensors of that checksum; ``BundleError`` where they are missing, changed or damaged."""
    try:
        content = (folder / WEIGHTS).read_bytes()
    except OSError:
        raise BundleError(
            f"bundle {str(folder)!r} has no readable {WEIGHTS}; copy the whole folder again"
        ) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BundleError(
            f"bundle {str(folder)!r}: {WEIGHTS} is not the file that {form.manifest} was written "
            "for (sha256 differs); copy the whole folder again"
        )
    try:
        tensors: dict[str, Tensor] = load_tensors(content)
    except SafetensorError as error:
        raise BundleError(f"bundle {str(folder)!r}: {WEIGHTS} is damaged: {error}") from None
    return tensors


def all_text(names: Any) -> bool:
    """Is it a list of text?"""
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _refuse_large(draft: Path, limit_bytes: int | None) -> None:
    size = sum(path.stat().st_size for path in draft.iterdir())
    if limit_bytes is not None and size > limit_bytes:
        raise BundleError(
            f"the bundle holds {size / 1e6:.2f} MB, and the limit is {limit_bytes / 1e6:g} MB; "
            "train a smaller encoder: lower encoder.width or encoder.depth"
        )


def _stored(name: str, tensor: Tensor, dtype: str | None) -> Tensor:
    """On the CPU, contiguous, memory of its own (safetensors refuses shared memory), and finite."""
    kept = dtype is None or not tensor.is_floating_point()
    stored = tensor.detach().to("cpu", None if kept or dtype is None else DTYPES[dtype])
    if not torch.isfinite(stored).all():
        is_now = str(stored.dtype).removeprefix("torch.")
        raise BundleError(
            f"weight {name!r} is not finite as {is_now}: the training diverged, or the type is too "
            "narrow; lower optim.lr, or save as float32"
        )
    return stored.clone(memory_format=torch.contiguous_format)


def _unwritten(folder: Path, error: Exception) -> BundleError:
    why = getattr(error, "strerror", None) or error
    return BundleError(f"cannot write a bundle at {str(folder)!r}: {why}")


def _umask() -> int:
    """Reading the mask means setting it; there is no other call."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
