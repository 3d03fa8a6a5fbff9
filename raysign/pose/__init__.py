"""Landmarks as tensors: hands told apart, normalised, repaired, resampled, augmented.

Every function is pure, batched over clips and mask-aware: a missing joint is NaN on the way in and
on the way out, and becomes a zero (with its part's presence channel) only in ``Prepare.channels``.
"""

from raysign.pose.augment import augment
from raysign.pose.dominant import left_handed
from raysign.pose.hands import assign_hands
from raysign.pose.hide import hide_articulators
from raysign.pose.mirror import mirror_image
from raysign.pose.prepare import Prepare

__all__ = ["Prepare", "assign_hands", "augment", "hide_articulators", "left_handed", "mirror_image"]
