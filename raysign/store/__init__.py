"""Stores: folders of Parquet, one row a clip. The only room that knows pyarrow.

A store is a local folder or any Arrow filesystem URI (``s3://…``, ``gs://…``, ``hdfs://…``,
``file://…``, ``fsspec+…://…``) of ``*.parquet`` files with the columns of :data:`SCHEMA`.
``outcomes.parquet``, which an extraction leaves beside its clips, is never counted as clips, and
neither are names with a leading dot or underscore.

A manifest lists the videos that are to become a store: :func:`read_manifest`,
:func:`write_manifest`.

The test split is sealed: nothing here reads a test clip unless it is told ``open_test=True``.
"""

from raysign.store.about import check_same, extracted_with, finished_extraction
from raysign.store.columns import read_columns
from raysign.store.copies import local_copy
from raysign.store.draft import Draft
from raysign.store.facts import Facts, read_facts
from raysign.store.listing import list_videos, manifest_in
from raysign.store.manifest import read_manifest, write_manifest
from raysign.store.opening import absolute, locate
from raysign.store.read import iter_clips, load_clips, read_clip
from raysign.store.schema import SCHEMA
from raysign.store.sentences import (
    SENTENCE_SCHEMA,
    SentenceCounts,
    describe_sentences,
    has_sentences,
    load_sentences,
    write_sentences,
)
from raysign.store.stream import Reading, read_parts
from raysign.store.summary import SplitSummary, StoreSummary, describe, describe_clips
from raysign.store.write import check_vacant, write_store

__all__ = [
    "SCHEMA",
    "SENTENCE_SCHEMA",
    "Draft",
    "Facts",
    "Reading",
    "SentenceCounts",
    "SplitSummary",
    "StoreSummary",
    "absolute",
    "check_same",
    "check_vacant",
    "describe",
    "describe_clips",
    "describe_sentences",
    "extracted_with",
    "finished_extraction",
    "has_sentences",
    "iter_clips",
    "list_videos",
    "load_clips",
    "load_sentences",
    "local_copy",
    "locate",
    "manifest_in",
    "read_clip",
    "read_columns",
    "read_facts",
    "read_manifest",
    "read_parts",
    "write_manifest",
    "write_sentences",
    "write_store",
]
