from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.bundle import load_bundle
from raysign.clip import Clips
from raysign.retrain.drift import Drift, champions_profile
from raysign.retrain.profile import Profile, fingerprint_of, share_with_hands
from raysign.splits import Split
from raysign.tracking import Tracker, version_of

NAME = "raysign-encoder"


def test_a_profile_counts_and_comes_back_from_json(split: Split[Clips]) -> None:
    profile = Profile.of(split, "synthetic")
    assert (profile.clips, len(profile.signs), set(profile.signs.values())) == (40, 20, {2})
    assert (len(profile.signers), profile.queries) == (2, 40)
    assert len(profile.length_s) == len(profile.hands) == 21
    assert 0 <= profile.hands[0] <= profile.hands[-1] <= 1
    assert Profile.read(json.loads(json.dumps(profile.as_json()))) == profile


def test_frames_with_a_hand(split: Split[Clips]) -> None:
    xyz = split.train.xyz.copy()
    first = slice(0, int(split.train.offsets[1]))
    xyz[first, 33:] = np.nan  # both hands of holistic75
    shares = share_with_hands(replace(split.train, xyz=xyz, _content=[]))
    assert shares[0] == 0
    assert shares[1] == pytest.approx(
        (~np.isnan(split.train.landmarks(1)[:, 33:, 0])).any(axis=1).mean()
    )


def test_new_and_gone(split: Split[Clips]) -> None:
    then = Profile.of(split, "a")
    kept = split.train.sign != split.train.sign[0]
    now = Profile.of(replace(split, train=split.train.select(kept)), "b")
    drift = Drift.of(replace(now, signers={"new": 3}), then, None)
    assert drift.signs is not None
    assert drift.signers is not None
    assert (drift.signs.new, drift.signs.gone) == ((), (split.train.sign[0],))
    assert drift.signers.new == ("new",)
    assert drift.grown == ((split.train.sign[0], 2, 0),)
    lines = "\n".join(drift.lines())
    assert "train clips: 40 then, 38 now" in lines
    assert f"1 gone ({split.train.sign[0]})" in lines
    assert Drift.of(then, then, None).lines() == [
        f"the data are those that the champion learned from ({then.fingerprint})"
    ]


def test_the_champions_store_is_read_again_only_where_it_is_the_same(
    registry: Tracker, split: Split[Clips], untrained: Callable[..., Path]
) -> None:
    version = version_of(registry, NAME, "champion")
    bundle = load_bundle(untrained(1))
    found = champions_profile(registry, version, bundle)
    assert found is not None
    assert found.fingerprint == fingerprint_of(split)
    other: Any = replace(bundle, card={"data": {"fingerprint": "0ld"}})
    assert champions_profile(registry, version, other) is None
    drift = Drift.of(Profile.of(split, "s"), None, replace(other, signs=("a",)))
    assert drift.signs is not None
    assert drift.signs.gone == ("a",)
    assert "only its glosses are compared" in "\n".join(drift.lines())
    gone = bundle.config.model_copy(
        update={"data": bundle.config.data.model_copy(update={"store": "nowhere"})}
    )
    assert champions_profile(registry, version, replace(bundle, config=gone)) is None
