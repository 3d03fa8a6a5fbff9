"""How a gallery is kept and searched."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from raysign.config.base import Config


class GalleryConfig(Config):
    """How a gallery of embeddings is indexed; the defaults for sizes were measured on CPU cores."""

    LISTED: ClassVar[str] = "raysign config --kind gallery"

    kind: Literal["auto", "flat", "hnsw", "ivf_pq"] = "auto"
    """`flat`: every clip is compared, exact. `hnsw`: a graph of neighbours (Malkov & Yashunin,
    2018). `ivf_pq`: cells of clips with 8-bit codes (Jégou et al., 2011), the best of which are
    compared exactly. `auto`: by the number of clips and the recall asked for.
    """
    recall: float = Field(default=0.98, gt=0, le=1)
    """Share of the ten nearest clips that a search has to find (recall@10 of exact search); the
    effort of a search is raised until it does. 1 = exact, flat whatever the size.
    """
    vectors: Literal["float16", "float32"] = "float16"
    """How embeddings are kept. float16 halves memory; cosines move by .0005 at most."""
    flat_clips: int = Field(default=50_000, ge=0)
    """Up to so many clips `auto` is flat: a query takes a few milliseconds."""
    hnsw_clips: int = Field(default=5_000_000, ge=0)
    """Up to so many `auto` is hnsw, whose links cost 264 bytes a clip; above, ivf_pq, which needs
    64 for codes of 256 dimensions.
    """
    links: int = Field(default=32, ge=4, le=128)
    """M of hnsw: links a clip and level (twice as many on the lowest)."""
    build_effort: int = Field(default=100, ge=8, le=2000)
    """efConstruction of hnsw: candidates looked at for each clip's links."""
    cells: int = Field(default=0, ge=0, le=1_000_000)
    """Cells of ivf_pq; 0 = 4 √clips, as Faiss advises."""
    held_out: int = Field(default=500, ge=50, le=10_000)
    """Stored clips that are kept out of the index until they have measured its recall as queries
    (at most a tenth of all).
    """
    spread: float = Field(default=3.0, ge=1, le=100)
    """These queries are moved away from the other clips of their sign until they vary so many times
    as much (variance): an encoder has drawn the clips that it learned from together, and an index
    finds the neighbours of other recordings less easily. 2 is enough for WLASL's val clips by the
    hands, 3 leaves room; 1: as stored clips, for such as the encoder did not learn from.
    """
    landmarks: bool = True
    """Keep the clips' landmarks, so that an answer can be drawn and aligned where no store is: for
    `hands42` 252 bytes a frame, for `holistic75` 450, beside 512 a clip for its embedding. Without
    them nothing of a signer's movement is in the gallery but the embeddings.
    """
    empty_clips: Literal["refuse", "drop"] = "refuse"
    """Clips in which nothing was ever detected: refuse the store, or leave them out."""
    seed: int = Field(default=0, ge=0, le=2**31 - 2)
    """Which clips are held out, and where the cells begin. Faiss takes no larger one."""
