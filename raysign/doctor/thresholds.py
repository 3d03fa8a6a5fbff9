"""From where on something is a finding, and why there.

Measured on WLASL100 (1,780 clips, ``holistic75``), on WLASL2000's hands (10,566 clips, ``hands42``)
and on the synthetic world: the numbers in the comments are theirs. A threshold lies where ordinary
clips do not come, and planted defects do (``tests/doctor``).

``…_WARNING`` and ``…_ERROR`` are shares of the clips; what fewer clips have is a note.
"""

from __future__ import annotations

GROUP_CLIPS = 5
"""Clips that a signer or a sign must have to be ranked: the mean of fewer says little."""

# Writing

WRITTEN_ERROR = 0.01
"""No clip of the two stores has two joints at exactly (0, 0), nor x and y exchanged."""
SIDEWAYS = 0.8
"""Share of clips whose hands rise into the sign: .93 upwards and .46–.50 to the left; the other way
round with x and y exchanged.
"""

# Detection

MISSING_INSIDE = 0.5
"""Share of the signing span without a hand. Clips' mean .03–.06; 1.9 % of WLASL100's are above."""
MISSING_INSIDE_WARNING, MISSING_INSIDE_ERROR = 0.1, 0.5
GROUP_MISSING_INSIDE = 0.2
"""The same of a whole group's mean."""
NO_HAND_WARNING, NO_HAND_ERROR = 0.01, 0.25
"""One clip in 1,780 has no hand in WLASL100."""
NO_BODY = 0.5
"""Share of frames without a body. The worst clip of WLASL100 has .43."""
NO_BODY_WARNING, NO_BODY_ERROR = 0.01, 0.25
SHORT_SPAN_FRAMES = 6
"""A sign takes longer: 1 % of WLASL100's clips have a span below 16, the synthetic world none
below 17.
"""
SHORT_SPAN_WARNING = 0.02

# Hands

OTHER_WRIST = 0.3
"""Share of a clip's hands at the other arm's wrist: its 99th percentile is .2."""
SWAPPED_WARNING, SWAPPED_ERROR = 0.05, 0.3
"""Clips with swapped hands: .8 % in WLASL100, .3 % in the synthetic world."""
DOUBLED = 0.2
"""Share of a clip's hand frames in which both slots hold one hand: 3.5 % and .6 % of clips."""
DOUBLED_WARNING = 0.1
FROZEN_FRAMES = 3
"""No hand and no body stood bit for bit still in the 12,346 clips, not even for one frame."""
FROZEN_WARNING, FROZEN_ERROR = 0.01, 0.25

# Joints

HAND_BONES = 1.05
"""Mean bone length by the spread of the joints, of a clip: at most 1.0; shuffled joints have 1.0
at the least, 1.04 in 999 of 1,000.
"""
USUAL_HAND_BONES, DATASET_HAND_BONES = 0.63, 0.72
"""The same of a dataset's median clip: .57–.63; fingers from tip to knuckle have .75–.82."""
BODY_BONES = 0.9
"""At most .65, shuffled at least 1.1."""
WRONG_WAY = 0.5
"""Share of a clip's bodies with their head above, or their left at the left: never below 1."""
JOINTS_ERROR = 0.01
"""So far from what happens that a few clips in a hundred mean a broken reader."""
RAISED = 0.5
"""Share of clips whose hands rise into the sign: .87–.93; with y pointing up .07–.13."""
RAISED_CLIPS = 20

# Units

PIXELS = 2.0
"""The median of a clip's coordinates: at most 1 in units of the frame."""
OUTSIDE = 0.2
"""Share of a clip's hands that are far outside the picture: none."""
UNITS_ERROR = 0.01
DATASET_BUILD = (0.78, 1.28)
"""Build of a dataset's median clip: 1.01 and .84. 4:3 taken for 1:1 gives .76, 16:9 .57."""
BUILD = (0.6, 1.6)
"""Of a clip: .71–1.22 in all but one of 1,780; guessed hips make it worse."""
BUILD_WARNING = 0.05
SMALL_PALM = 0.012
"""Palm length by the picture's height, 3 pixels of 256: no clip is below."""
SMALL_PALM_WARNING = 0.05

# Time

SHORT_FRAMES = 8
"""The shortest clips have 12 and 15 frames."""
SHORT_WARNING = 0.01
TIMES_MEDIAN = 5.0
"""Longer than so many median clips is not one sign: the longest have 3.4."""
LONG_WARNING = 0.02
MIXED_FPS = 1.25
"""Fastest by slowest: 24, 25 and 30 frames a second mix without harm, 25 and 50 do not."""
SLOW_FPS, FAST_FPS = 12.0, 120.0

# Labels

FEW_CLIPS = 3
"""Training clips a sign: fewer leave a metric loss one pair or none."""
FEW_CLIPS_WARNING = 0.1
"""Of the signs."""
ONE_SIGNER_WARNING = 0.25
"""Of the signs with several clips."""
FAILED_WARNING, FAILED_ERROR = 0.02, 0.1
"""Of the videos; an extraction stops being a success at .1 too (``--max-failed``)."""
