"""What a reader has to know of one growth, beside its figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from raysign.evaluate.growth.fit import FARTHEST, LEAST_POINTS

if TYPE_CHECKING:
    from raysign.evaluate.growth.result import Measured


def of_gallery(
    gallery_signs: int, shots: Sequence[int], too_few: int, *, foreign: bool
) -> list[str]:
    """Who is searched and who asks; ``too_few``: distractors with fewer clips than shots."""
    notes = []
    if foreign:
        notes.append(
            f"the distractors are of another dataset or language than the {gallery_signs:,} signs "
            "of the gallery: the curves are of galleries that have all of these"
        )
    if too_few:
        notes.append(
            f"{too_few:,} signs of --distractors have fewer than {shots[-1]} clips and are left out"
        )
    if len(shots) > 1:
        notes.append(
            f"signs and queries are those that are left beside {shots[-1]} support clips a sign, "
            f"for {', '.join(map(str, shots[:-1]))} too"
        )
    return notes


def of_vocabularies(measured: Sequence[Measured], different: int) -> list[str]:
    """Whether the models make a curve over the signs that they learned."""
    if len(measured) == 1:
        return []
    notes = []
    silent = [one.name for one in measured if one.vocabulary is None]
    none = [one.name for one in measured if one.vocabulary == 0]
    if silent:
        notes.append(f"how many signs these learned is not known: {', '.join(silent)}")
    if none:
        notes.append(f"these learned no sign, and are in no curve: {', '.join(none)}")
    if different < LEAST_POINTS:
        notes.append(
            f"{different} different training vocabularies make no curve; it needs {LEAST_POINTS}"
        )
    elif different < len(measured) - len(silent) - len(none):
        notes.append("a curve goes through the mean of models that learned as many signs")
    return notes


def of_sizes(
    measured: Sequence[Measured],
    sizes: Sequence[int],
    shots: int,
    largest: int,
    *,
    distracted: bool,
) -> list[str]:
    """What is not said of sizes that were asked for."""
    beyond = [size for size in sizes if size > largest]
    if not beyond:
        return []
    mend = "raise --largest" if distracted else "measure larger ones with --distractors"
    if any(not model.fitted(shots, float(largest) * FARTHEST) for model in measured):
        return [
            f"nothing is fitted beyond the {largest:,} signs that were measured: they are too few "
            f"to test a curve on; {mend}"
        ]
    if max(beyond) > FARTHEST * largest:
        return [
            f"nothing is fitted beyond {FARTHEST * largest:,} signs, twice the largest gallery "
            f"that was measured; {mend}"
        ]
    return []
