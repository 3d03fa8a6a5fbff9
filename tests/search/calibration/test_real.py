"""What README says of the dictionary that ships, on real clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysign.config import GalleryConfig
from raysign.search.calibration import calibrate_gallery
from raysign.search.index import index_clips
from raysign.tracking import load_model


@pytest.mark.real
@pytest.mark.slow
def test_signs_that_are_not_in_wlasl100_are_noticed(real_data: Path, tmp_path: Path) -> None:
    store = real_data / "wlasl100"
    bundle = load_model("default", "holistic75")
    config = GalleryConfig()
    made = index_clips(
        bundle, "default", [f"{store}:train"], tmp_path / "g", config, say=lambda line: None
    )
    done = calibrate_gallery(made.gallery, queries=[f"{store}:val"], say=lambda line: None)
    figures = done.open_set.figures
    ours, top = figures["confidence"], figures["top"]
    assert ours["auroc"].value == pytest.approx(0.952, abs=0.005)
    assert ours["log_loss"].value < figures["energy"]["log_loss"].value < top["log_loss"].value
    assert ours["fpr_at_95_tpr"].value < top["fpr_at_95_tpr"].value
    assert ours["error_first"].value < 0.06
    assert done.confidence.fitted_on.noticed.value == pytest.approx(0.81, abs=0.03)
    assert done.confidence.fitted_on.copies == 7
