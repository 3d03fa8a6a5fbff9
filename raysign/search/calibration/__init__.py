"""How sure a gallery is: asked with known signs, fitted, measured, and drawn for people."""

from __future__ import annotations

from raysign.search.calibration.flow import Calibrated, calibrate_gallery

__all__ = ["Calibrated", "calibrate_gallery"]
