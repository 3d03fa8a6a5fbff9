"""Encoders: channels over time → one unit-length embedding. The config's `kind` chooses one.

The contract, which ``tests/encoders/test_contract.py`` holds every encoder to:
``encoder(channels [clip frame channel], shown [clip frame] | None) -> [clip embedding]`` of unit
length; what frames that are not shown hold changes nothing, nor does how many of them follow the
last shown one; clips do not see each other. ``shown`` None means that all are.

Some keep a clip's frames, and tell them before they are pooled: ``Frames``.
"""

from __future__ import annotations

from torch import nn

from raysign.config import (
    ConformerConfig,
    ConvTransformerConfig,
    EncoderConfig,
    EnsembleConfig,
    PoseFormerConfig,
    STGCNConfig,
    TransformerConfig,
)
from raysign.encoders.conformer import Conformer
from raysign.encoders.conv_transformer import ConvTransformer
from raysign.encoders.ensemble import Ensemble, read_by
from raysign.encoders.frames import Frames
from raysign.encoders.poseformer import PoseFormer
from raysign.encoders.st_gcn import STGCN
from raysign.encoders.transformer import Transformer
from raysign.skeleton import ChannelMap

__all__ = [
    "STGCN",
    "Conformer",
    "ConvTransformer",
    "Ensemble",
    "Frames",
    "PoseFormer",
    "Transformer",
    "build_encoder",
    "check_encoder",
    "count_parameters",
]


def build_encoder(config: EncoderConfig, channels: ChannelMap) -> nn.Module:
    """The encoder that a config describes, for the channels that a prepare gives it."""
    match config:
        case TransformerConfig():
            return Transformer(config, channels)
        case ConvTransformerConfig():
            return ConvTransformer(config, channels)
        case STGCNConfig():
            return STGCN(config, channels)
        case ConformerConfig():
            return Conformer(config, channels)
        case PoseFormerConfig():
            return PoseFormer(config, channels)
        case EnsembleConfig():
            return Ensemble(config, channels, build_encoder)


def check_encoder(config: EncoderConfig, channels: ChannelMap) -> None:
    """``LayoutError`` where ``build_encoder`` would raise it; nothing is built."""
    if isinstance(config, EnsembleConfig):
        for member in config.members:
            read_by(member, channels)


def count_parameters(module: nn.Module) -> int:
    """Trainable numbers."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
