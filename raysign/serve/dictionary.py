"""An opened dictionary, with everything that serving it needs."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Self

from raysign import __version__
from raysign.clip import Clip
from raysign.config import ExtractConfig, LookConfig
from raysign.errors import DataError
from raysign.extract import Extractor, LiveExtractor, chosen_backend, within_reach
from raysign.serve.ask.films import Films
from raysign.serve.ask.keeping import KeptQueries
from raysign.serve.ask.phonology import HowMade
from raysign.serve.desk import Desk
from raysign.serve.made_up import make_up
from raysign.serve.owner import Changes, OwnVideos, Views
from raysign.serve.settings import ServeSettings
from raysign.serve.takes import Cameras, Takes, Uploads, Videos, take_of
from raysign.serve.takes.folders import TemporaryFolder
from raysign.serve.takes.made import Kind
from raysign.serve.takes.videos import DECODED_FPS, LOOKED_AT_FPS
from raysign.serve.words import Health, Take

PICTURE_S = 10.0
"""A child that looks at one picture for longer is ended."""
CHILD_BYTES = 2_000_000_000
"""Of a child's own memory: 0.4 GB are usual, whatever the video."""
SPARE_THREADS = 8
"""That wait for disks, beside those that wait for children."""


def how_to_look(settings: ServeSettings, look: LookConfig | None) -> ExtractConfig:
    """At videos that come in: as the gallery's were looked at when it was opened, as far as this
    machine can, and within the limits of serving.
    """
    return ExtractConfig(
        **within_reach(look or LookConfig()).model_dump(),
        min_frames=1,
        max_s=settings.longest_video_s,
        max_frames=round(settings.longest_video_s * DECODED_FPS),
        most_fps=LOOKED_AT_FPS,
        max_pixels=settings.pixels,
        timeout_s=settings.look_timeout_s,
    )


class Service:
    """What the API's routes use; its parts are for the event loop's thread.

    ``desk`` searches; ``cameras`` and ``videos`` make takes, which ``takes`` keeps; ``changes``
    alters the gallery and ``views`` describes it to its owner, whose videos are ``own_videos``;
    ``films`` are those of its clips; ``queries`` keeps what people agree to.
    """

    def __init__(
        self,
        settings: ServeSettings,
        desk: Desk,
        *,
        synthetic: bool = False,
        folder: TemporaryFolder | None = None,
        children: tuple[str, str] = ("raysign.extract.child", "raysign.extract.live_child"),
    ) -> None:
        """Of an opened gallery.

        Args:
            settings: how it is served.
            desk: that searches it.
            synthetic: whether it is the made-up one.
            folder: to be removed at the end.
            children: the modules that look at videos and at pictures.
        """
        self.settings, self.desk, self.synthetic, self._folder = settings, desk, synthetic, folder
        waiting = settings.extractors + settings.cameras + SPARE_THREADS
        self.threads = ThreadPoolExecutor(waiting, "raysign-wait")
        looked_at = how_to_look(settings, desk.opened.searcher.gallery.card.look)
        live = looked_at.model_copy(update={"timeout_s": PICTURE_S, "fps": None})
        self.takes = Takes(settings.take_ttl_s, settings.most_takes_kept)
        self.uploads = Uploads(settings.upload_bytes, self.threads)
        self.videos = Videos(
            settings, looked_at, self.threads, memory_bytes=CHILD_BYTES, child=children[0]
        )
        self.cameras = Cameras(
            settings,
            live,
            self.threads,
            memory_bytes=CHILD_BYTES,
            child=children[1],
        )
        self.changes, self.views = Changes(desk), Views(desk)
        self.films, self.own_videos = Films(), OwnVideos(settings.videos)
        self.queries = KeptQueries(settings.keep_queries)

    @classmethod
    def open(cls, settings: ServeSettings) -> Self:
        """Open the gallery, or make one up; start the children.

        Raises:
            GalleryError, BundleError: the gallery or its model cannot be used.
            ExtractionError: MediaPipe, or something that it needs, is not there.
            DataError: the phonology, or the folder of videos or of kept queries, cannot be read.
        """
        chosen_backend(ExtractConfig())
        known = None if settings.phonology is None else HowMade.read(settings.phonology)
        if settings.gallery is not None:
            return cls(settings, Desk(settings.gallery, settings.model, known))
        if settings.model is not None:
            raise DataError("--model is for a gallery, and none is given: raysign serve GALLERY")
        folder = TemporaryFolder("serve")
        try:
            desk = Desk(make_up(folder.path), None, known)
        except BaseException:
            folder.cleanup()
            raise
        return cls(settings, desk, synthetic=True, folder=folder)

    async def keep(self, clip: Clip, kind: Kind, name: str, landmarks_ms: float) -> Take:
        """A recording's clip as a take, drawn as the dictionary's clips are, and kept.

        Args:
            clip: its landmarks.
            kind: where it comes from.
            name: the file's.
            landmarks_ms: from the recording's end to its last landmark.

        Raises:
            Refused: nothing can be asked with it.
        """
        make = partial(
            take_of,
            clip,
            kind=kind,
            name=name,
            landmarks_ms=landmarks_ms,
            expires_s=self.settings.take_ttl_s,
            layout=self.desk.opened.gallery.card.model.layout,
        )
        kept = await asyncio.get_running_loop().run_in_executor(self.threads, make)
        self.takes.keep(kept)
        return kept.take

    def health(self) -> Health:
        """Alive, and how large; waits for nobody."""
        counts = self.desk.opened.gallery.card.counts
        return Health(version=__version__, signs=counts.signs, clips=counts.clips)

    def figures(self) -> dict[str, float]:
        """Numbers of now, by the keys of :data:`raysign.serve.metrics.FIGURES`."""
        children = sum(child.pid is not None for child in self._children())
        return {
            "raysign_live_cameras": self.cameras.running,
            "raysign_extractor_children": children,
            "raysign_takes": len(self.takes),
        }

    def close(self) -> None:
        """End the children; remove what it wrote for itself; forget all takes."""
        self.videos.close()
        self.cameras.close()
        self.threads.shutdown(wait=True, cancel_futures=True)
        for child in self._children():
            child.close()
        self.changes.close()
        self.views.close()
        self.desk.close()
        self.takes.clear()
        self.uploads.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _children(self) -> list[Extractor | LiveExtractor]:
        return [*self.videos.extractors, *self.cameras.extractors]
