"""How R@K and MRR fall as a dictionary grows, and rise with shots and with what was learned.

Of each sign a few support clips are the gallery, all other clips ask (``protocols.supported``), and
signs are ranked by their best clip. The gallery has from a few signs to all there are, and from
there on *distractors*, which nobody asks for. Every query is asked at every size, the larger
gallery contains the smaller, and many draws are averaged. A curve goes through the sizes, with its
interval; what it says of galleries that were not measured is marked as such.
"""

from __future__ import annotations

from raysign.evaluate.growth.check import SIGNERS
from raysign.evaluate.growth.fit import Curve
from raysign.evaluate.growth.published import one_shot_line
from raysign.evaluate.growth.result import METRICS, Growth, Measured
from raysign.evaluate.growth.run import growth
from raysign.evaluate.growth.sizes import SIZES

__all__ = ["METRICS", "SIGNERS", "SIZES", "Curve", "Growth", "Measured", "growth", "one_shot_line"]
