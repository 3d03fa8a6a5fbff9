"""Recordings and uploads become takes: landmarks alone, in memory, and not for long.

:class:`Cameras` looks at pictures while they are being recorded, :class:`Videos` at files; both in
child processes. :class:`Takes` keeps what came of it until nobody asks with it any more.
"""

from __future__ import annotations

from raysign.serve.takes.cameras import Cameras
from raysign.serve.takes.kept import Kept, Takes
from raysign.serve.takes.made import take_of
from raysign.serve.takes.uploads import Uploads
from raysign.serve.takes.videos import Videos

__all__ = ["Cameras", "Kept", "Takes", "Uploads", "Videos", "take_of"]
