from __future__ import annotations

import numpy as np
import pytest

from raysign.synthetic.acting import Targets
from raysign.synthetic.coarticulation import Deed, through

TIME_S = np.arange(0, 4, 0.04)
OUT, UP = np.array([0.0, 0.0, -1.0]), np.array([0.0, -1.0, 0.0])


def still(palm: float, distal: np.ndarray = UP, palmar: np.ndarray = OUT) -> Targets:
    return Targets(np.array([palm, 0.0, 0.0]), distal, palmar, np.full(13, palm))


def deed(start_s: float, leave_s: float, targets: Targets, raised: float = 1.0) -> Deed:
    return Deed(float(start_s), float(leave_s), lambda phase: targets, raised)


def test_the_arm_passes_from_one_deed_to_the_next() -> None:
    deeds = [deed(-1, 1, still(0.0), 0.0), deed(2, 3, still(1.0)), deed(3.5, 9, still(3.0))]
    asked, raised = through(deeds, TIME_S, ease=0.0, lift=0.05)
    way = asked.palm[:, 0]
    assert (way[TIME_S <= 1] == 0).all()
    assert (way[(TIME_S >= 2) & (TIME_S < 3)] == 1).all()
    assert (way[TIME_S >= 3.5] == 3).all()
    assert (np.diff(way) >= 0).all()
    # As fast as 3s² − 2s³ is at its steepest: 1.5 × the mean.
    assert np.diff(way)[TIME_S[1:] < 2].max() == pytest.approx(1.5 * 0.04, rel=0.01)
    np.testing.assert_allclose(raised, np.minimum(way, 1), atol=1e-12)
    # Through the space before the trunk, and back.
    between = (TIME_S > 1) & (TIME_S < 2)
    assert asked.palm[between, 2].min() == pytest.approx(-0.08, abs=1e-3)
    assert asked.palm[between, 1].max() == pytest.approx(0.05, abs=1e-3)
    assert (asked.palm[~between & (TIME_S < 3), 1:] == 0).all()


def test_the_hand_has_its_shape_before_it_has_arrived() -> None:
    deeds = [deed(-1, 1, still(0.0)), deed(2, 9, still(1.0))]
    asked, _ = through(deeds, TIME_S, ease=0.0, lift=0.0)
    between = (TIME_S > 1.1) & (TIME_S < 1.9)
    assert (asked.flexion[between, 0] > asked.palm[between, 0]).all()
    assert asked.flexion.max() == 1


def test_a_movement_begins_before_the_hand_is_there_and_ends_after_it_has_left() -> None:
    seen: dict[str, np.ndarray] = {}

    def watch(phase: np.ndarray) -> Targets:
        seen["phase"] = phase
        return still(1.0)

    deeds = [deed(-1, 1, still(0.0)), Deed(2.0, 3.0, watch), deed(3.5, 9, still(0.0))]
    through(deeds, TIME_S, ease=0.5, lift=0.0)
    own = TIME_S[(TIME_S >= 1) & (TIME_S < 3.5)]
    begun, done = own[seen["phase"] > 0][0], own[seen["phase"] >= 1][0]
    assert begun == pytest.approx(2 - 0.3, abs=0.05)
    assert done == pytest.approx(3 + 0.15, abs=0.05)
    assert (np.diff(seen["phase"]) >= 0).all()


def about_y(angles: np.ndarray) -> np.ndarray:
    """Unit vectors that far about the fingers, which point up, from away from the signer."""
    return np.stack([np.sin(angles), 0 * angles, -np.cos(angles)], axis=-1)


def test_the_palm_turns_on_where_the_other_way_round_becomes_the_shorter_one() -> None:
    """From out to in, while the next sign twists on over the half turn."""
    first = deed(-1, 1, still(0.0))

    def twisting(phase: np.ndarray) -> Targets:
        return still(0.0, palmar=about_y(np.deg2rad(170 + 60 * phase)))

    asked, _ = through([first, Deed(2.0, 2.2, twisting)], TIME_S, ease=0.0, lift=0.0)
    turn = np.rad2deg(np.arccos((asked.palmar[1:] * asked.palmar[:-1]).sum(1).clip(-1, 1)))
    assert turn.max() < 20
    np.testing.assert_allclose(np.linalg.norm(asked.palmar, axis=1), 1)


def test_fingers_turn_the_shortest_way_and_the_palm_stays_beside_them() -> None:
    side = np.array([-1.0, 0.0, 0.0])
    deeds = [deed(-1, 1, still(0.0, UP, OUT)), deed(2, 9, still(0.0, side, OUT))]
    asked, _ = through(deeds, TIME_S, ease=0.0, lift=0.0)
    np.testing.assert_allclose(asked.distal[:, 2], 0, atol=1e-5)
    np.testing.assert_allclose(asked.palmar, np.tile(OUT, (len(TIME_S), 1)), atol=1e-5)
    assert (np.diff(asked.distal[:, 0]) <= 1e-12).all()
