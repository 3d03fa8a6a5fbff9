"""Videos → a store: every core of every node extracts, one process writes, any run goes on."""

from raysign.pipeline.flow import Extraction, extract_videos, reasons_in_words
from raysign.pipeline.in_process import in_process

__all__ = ["Extraction", "extract_videos", "in_process", "reasons_in_words"]
