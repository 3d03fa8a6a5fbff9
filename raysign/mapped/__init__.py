"""Prepared clips on a disk, mapped into memory: for stores that are larger than it.

A :class:`Writing` makes a folder of shards, in which the rows of a sign lie together;
:func:`fault` says what is wrong with one; :class:`MappedSequences` reads rows of it as if they were
an array, and every process of a node reads the same pages.
"""

from raysign.mapped.folder import Facts, Writing, facts_of, fault, places
from raysign.mapped.sequences import AnySequences, Home, MappedSequences, Shards, at_frames

__all__ = [
    "AnySequences",
    "Facts",
    "Home",
    "MappedSequences",
    "Shards",
    "Writing",
    "at_frames",
    "facts_of",
    "fault",
    "places",
]
