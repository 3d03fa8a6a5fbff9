"""A gallery that is not there is noticed before anything slow is imported."""

from __future__ import annotations

from pathlib import Path

from raysign.errors import GalleryError


def gallery_path(folder: str | Path, hint: str = "") -> Path:
    """The folder, where it looks like a gallery; whoever opens it sees whether it is one.

    Args:
        folder: as it was typed.
        hint: what else may be typed where there is none.

    Raises:
        GalleryError: there is no such folder, or no ``gallery.json`` in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise GalleryError(
            f"gallery {str(folder)!r} does not exist; `raysign index MODEL --clips STORE --out "
            f"{folder}` makes it{hint}"
        )
    if not (folder / "gallery.json").is_file():
        raise GalleryError(f"{str(folder)!r} is not a gallery: it has no gallery.json")
    return folder
