"""Which channel is what: the order in which ``Prepare.channels`` gives numbers to an encoder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from raysign.skeleton.layouts import Joints, Layout


@dataclass(frozen=True)
class Extra:
    """A channel that belongs to a part and to none of its joints."""

    name: str
    part: str
    flips: bool = False
    """Does it change sign when the picture is flipped left to right?"""


@dataclass(frozen=True)
class ChannelMap:
    """The channels of a frame: copy by copy, in it joint by joint, in it axis by axis; then extras.

    A copy is one way to tell about every joint: ``position``, ``bone``, ``motion_1``, ….
    """

    layout: Layout
    """The joints that stand in the channels."""
    axes: int
    """Numbers of a joint in each copy: x, y, and where it is 3 also z (in keyword search the
    confidence).
    """
    copies: tuple[str, ...]
    extras: tuple[Extra, ...] = ()

    @property
    def num_features(self) -> int:
        """Channels of one joint."""
        return len(self.copies) * self.axes

    @property
    def num_channels(self) -> int:
        """Channels of a frame."""
        return self.layout.num_joints * self.num_features + len(self.extras)

    def of_joints(self, joints: Iterable[int]) -> tuple[int, ...]:
        """The channels of some joints: joint by joint, in it copy by copy, in it axis by axis."""
        return tuple(
            (copy * self.layout.num_joints + joint) * self.axes + axis
            for joint in joints
            for copy in range(len(self.copies))
            for axis in range(self.axes)
        )

    def of_extras(self, parts: Iterable[str]) -> tuple[int, ...]:
        """The channels of some parts that belong to no joint: part by part, each in its order."""
        first = self.num_channels - len(self.extras)
        return tuple(
            first + number
            for part in parts
            for number, extra in enumerate(self.extras)
            if extra.part == part
        )

    def only(self, joints: Joints) -> ChannelMap:
        """The channels of some of the layout's parts, as a prepare of these alone would have them.

        Their numbers among those of this map: ``numbers``.
        """
        layout = self.layout.only(joints)
        kept = tuple(extra for extra in self.extras if extra.part in layout.parts)
        return replace(self, layout=layout, extras=kept)

    def numbers(self, some: ChannelMap) -> tuple[int, ...]:
        """The channels here of a map that ``only`` gave, in its order."""
        joints = [self.layout.joint(name) for name in some.layout.joints]
        first, width = self.num_channels - len(self.extras), self.layout.num_joints * self.axes
        of_joints = (
            copy * width + joint * self.axes + axis
            for copy in range(len(self.copies))
            for joint in joints
            for axis in range(self.axes)
        )
        return (*of_joints, *(first + self.extras.index(extra) for extra in some.extras))

    @property
    def flips(self) -> tuple[bool, ...]:
        """For each channel: does it change sign when the picture is flipped left to right?

        The x of every copy does, and some extras.
        """
        joints = self.layout.num_joints * len(self.copies)
        x_alone = [axis == 0 for axis in range(self.axes)] * joints
        return (*x_alone, *(extra.flips for extra in self.extras))
