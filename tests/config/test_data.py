from __future__ import annotations

from raysign.config import DataConfig
from raysign.config.data import KEPT_IN
from raysign.engine.loop import NOWHERE


def test_settings_that_travel_leave_the_place_behind() -> None:
    there = DataConfig(
        store="/there/store", splits="signer_disjoint", memory="mapped", cache="/there/cache"
    )
    assert there.at("here") == DataConfig(store="here", splits="signer_disjoint")


def test_where_clips_are_kept_is_not_what_a_run_is() -> None:
    assert NOWHERE["data"] == {*KEPT_IN} < {*DataConfig.model_fields}
