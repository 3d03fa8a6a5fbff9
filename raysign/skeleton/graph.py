"""The graph that a layout's bones make: who is next to whom, and which way is outwards.

Bones need not hang together (MediaPipe's leave face, mouth and trunk apart, and a hand apart from
the arm), nor be a tree (a palm is a ring). Each piece has a centre of its own, and distance is
counted in bones from there.
"""

from __future__ import annotations

from raysign.skeleton.layouts import Layout

CENTRES = (
    ("neck",),
    ("left_shoulder", "right_shoulder"),
    ("nose",),
    ("mouth_left", "mouth_right"),
    ("left_hand_wrist",),
    ("right_hand_wrist",),
)
"""A piece's centre is the first of these that lies in it: the joint, or both of a pair, so that the
graph stays its own mirror image.
"""


def neighbours(layout: Layout) -> tuple[tuple[int, ...], ...]:
    """For each joint the joints that a bone ties it to, in rising order."""
    found: list[set[int]] = [set() for _ in layout.joints]
    for a, b in layout.bones:
        found[a].add(b)
        found[b].add(a)
    return tuple(tuple(sorted(joints)) for joints in found)


def hops_from_centre(layout: Layout) -> tuple[int, ...]:
    """For each joint the number of bones between it and the centre of its piece.

    A piece with no joint of ``CENTRES`` has its first joint for a centre.
    """
    next_to = neighbours(layout)
    hops: dict[int, int] = {}
    for names in (*CENTRES, *((name,) for name in layout.joints)):
        ring = [layout.joint(name) for name in names if name in layout.joints]
        ring = [joint for joint in ring if joint not in hops]
        distance = 0
        while ring:
            hops.update(dict.fromkeys(ring, distance))
            ring = sorted({j for joint in ring for j in next_to[joint]} - hops.keys())
            distance += 1
    return tuple(hops[joint] for joint in range(layout.num_joints))


def parents(layout: Layout) -> tuple[int, ...]:
    """For each joint the neighbour one bone nearer to the centre, the first where there are two.

    A centre is its own parent.
    """
    hops, next_to = hops_from_centre(layout), neighbours(layout)
    return tuple(
        next((other for other in next_to[joint] if hops[other] < hops[joint]), joint)
        for joint in range(layout.num_joints)
    )
