"""Clips → prepared sequences → embeddings: what training and search do alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float16, Float32
from torch import Tensor, nn

from raysign.clip import Clips
from raysign.config import TrainConfig
from raysign.encoders import build_encoder
from raysign.errors import BundleError, DataError, LayoutError
from raysign.mapped import AnySequences
from raysign.pose import Prepare, mirror_image
from raysign.pose.resample import thinned
from raysign.skeleton import layout_named

CHUNK_FRAMES = 20_000
"""Frames prepared at a time, of clips as padded or of sequences as they come out, whichever are
more: about 100 MB with the working copies.
"""


def prepare_clips(
    clips: Clips, prepare: Prepare, device: torch.device | str = "cpu"
) -> Float16[np.ndarray, "clip frame joint axis"]:
    """The prepared sequences of all clips, in their order; missing joints are NaN.

    Clips of like length are prepared together, so that little padding is carried.
    """
    if clips.layout != prepare.layout.name:
        raise LayoutError(
            f"this encoder reads layout {prepare.layout.name!r}, the clips have {clips.layout!r}; "
            "give clips of its layout or train an encoder on these"
        )
    shape = (len(clips), prepare.config.frames, prepare.output.num_joints, prepare.config.axes)
    result = np.empty(shape, dtype=np.float16)
    for index in _chunks(np.maximum(clips.num_frames, prepare.config.frames)):
        padded = torch.from_numpy(_padded(clips, index)).to(device).float()
        aspect = torch.from_numpy(clips.aspect[index]).to(device)
        result[index] = prepare.geometry(padded, aspect).half().cpu().numpy()
    return result


def _chunks(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Indices of clips of like length, at most ``CHUNK_FRAMES`` together as they are padded."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and lengths[order[stop]] * (stop + 1 - start) <= CHUNK_FRAMES:
            stop += 1
        yield order[start:stop]
        start = stop


def _padded(clips: Clips, index: np.ndarray) -> np.ndarray:
    longest = int(clips.num_frames[index].max())
    padded = np.full((len(index), longest, *clips.xyz.shape[1:]), np.nan, dtype=np.float16)
    for row, clip in enumerate(index):
        padded[row, : clips.num_frames[clip]] = clips.landmarks(int(clip))
    return padded


@dataclass(frozen=True)
class Embedder:
    """A prepare and a trained encoder: landmarks → unit-length embeddings."""

    prepare: Prepare
    encoder: nn.Module
    batch_clips: int = 256

    @classmethod
    def from_parts(
        cls, layout: str, config: TrainConfig, weights: Mapping[str, Tensor]
    ) -> Embedder:
        """The embedder that a bundle describes; ``BundleError`` where the weights do not fit it."""
        prepare = Prepare(config.prepare, layout_named(layout))
        encoder = build_encoder(config.encoder, prepare.channel_map)
        try:
            encoder.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise BundleError(
                f"the weights do not fit the bundle's encoder config: {reason:.200}"
            ) from None
        return cls(prepare, encoder.eval())

    @property
    def device(self) -> torch.device:
        return next(self.encoder.parameters()).device

    def embed_prepared(
        self, sequences: AnySequences, mirrored: bool = False
    ) -> Float[Tensor, "clip embedding"]:
        """Embeddings of prepared sequences, on the encoder's device.

        Args:
            sequences: as ``prepare_clips`` gives them.
            mirrored: the embedding of a clip plus that of its mirror image, at unit length: the
                same for a sign made with the right hand and with the left. Takes twice as long.
        """

        def encode(xyz: Tensor) -> Tensor:
            embeddings = self._encoded(xyz)
            if not mirrored:
                return embeddings
            both = embeddings + self._encoded(mirror_image(xyz, self.prepare.output))
            return nn.functional.normalize(both, dim=1)

        return torch.cat(self._in_batches(sequences, encode))

    def frames_prepared(
        self,
        sequences: AnySequences,
        most: int,
        mirrored: bool = False,
    ) -> Float32[np.ndarray, "clip kept width"]:
        """What the encoder makes of each frame before it makes one vector of all, at unit length.

        Args:
            sequences: as ``prepare_clips`` gives them.
            most: at most so many frames are kept, evenly spaced (``pose.resample.thinned``).
            mirrored: of the clips' mirror images.

        ``BundleError`` where the encoder has no such frames.
        """
        frames_of = getattr(self.encoder, "frames", None)
        if frames_of is None:
            raise BundleError(
                f"an encoder of class {type(self.encoder).__name__} has no frames to align; "
                "type rerank.dtw.on=landmarks"
            )

        def encode(xyz: Tensor) -> Tensor:
            if mirrored:
                xyz = mirror_image(xyz, self.prepare.output)
            frames: Tensor = frames_of(self.prepare.channels(xyz)).float()
            kept = torch.from_numpy(thinned(frames.shape[1], most)).to(frames.device)
            return nn.functional.normalize(frames[:, kept], dim=-1).cpu()

        return torch.cat(self._in_batches(sequences, encode)).numpy()

    def _in_batches(
        self, sequences: AnySequences, encode: Callable[[Tensor], Tensor]
    ) -> list[Tensor]:
        """``encode`` of a few prepared clips at a time, drawing and learning nothing."""
        if not len(sequences):
            raise DataError("no clips to embed: the selection is empty")
        training = self.encoder.training
        self.encoder.eval()
        rows = []
        with torch.inference_mode():
            for start in range(0, len(sequences), self.batch_clips):
                # Shared memory is read-only: it has to be copied before torch takes it.
                batch = torch.from_numpy(sequences[start : start + self.batch_clips].copy())
                rows.append(encode(batch.to(self.device).float()))
        self.encoder.train(training)
        return rows

    def _encoded(
        self, xyz: Float[Tensor, "clip frame joint axis"]
    ) -> Float[Tensor, "clip embedding"]:
        embeddings: Tensor = self.encoder(self.prepare.channels(xyz)).float()
        return embeddings

    def embed(self, clips: Clips, mirrored: bool = False) -> Float[Tensor, "clip embedding"]:
        """Embeddings of clips, in their order; ``mirrored`` as in ``embed_prepared``."""
        return self.embed_prepared(prepare_clips(clips, self.prepare, self.device), mirrored)

    def embed_padded(
        self,
        xyz: Float[np.ndarray, "clip frame joint 3"],
        *,
        aspect: Float32[np.ndarray, "clip"] | None = None,
        mirrored: bool = False,
    ) -> Float32[np.ndarray, "clip embedding"]:
        """Embeddings of landmarks that are padded to one length with NaN.

        Args:
            xyz: landmarks as a store holds them; NaN = missing.
            aspect: width / height of each clip's picture; 1 where not given.
            mirrored: as in ``embed_prepared``.
        """
        joints = self.prepare.layout.num_joints
        if xyz.ndim != 4 or xyz.shape[2:] != (joints, 3) or 0 in xyz.shape:
            raise DataError(
                f"landmarks must have shape (clips, frames, {joints}, 3) with at least one clip "
                f"and frame, got {xyz.shape}"
            )
        ratio = np.ones(len(xyz), dtype=np.float32) if aspect is None else aspect
        with torch.inference_mode():
            sequences = self.prepare.geometry(
                torch.tensor(xyz, dtype=torch.float32, device=self.device),
                torch.tensor(ratio, device=self.device),
            )
        return self.embed_prepared(sequences.half().cpu().numpy(), mirrored).cpu().numpy()
