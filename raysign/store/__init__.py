"""Stores: folders of Parquet, one row a clip. The only room that knows pyarrow.

A store is a local folder or any Arrow filesystem URI (``s3://…``, ``gs://…``, ``hdfs://…``,
``file://…``, ``fsspec+…://…``) of ``*.parquet`` files with the columns of :data:`SCHEMA`.
``outcomes.parquet``, which an extraction leaves beside its clips, is never counted as clips, and
neither are names with a leading dot or underscore.

The test split is sealed: nothing here reads a test clip unless it is told ``open_test=True``.
"""

from raysign.store.read import iter_clips, load_clips
from raysign.store.schema import SCHEMA
from raysign.store.summary import SplitSummary, StoreSummary, describe
from raysign.store.write import write_store

__all__ = [
    "SCHEMA",
    "SplitSummary",
    "StoreSummary",
    "describe",
    "iter_clips",
    "load_clips",
    "write_store",
]
