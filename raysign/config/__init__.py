"""Every setting of raysign, typed and closed: an unknown key or a bad value is an error with its
path.

One file a subject; the meaning and the unit stand under each field. ``TrainConfig`` is the whole of
a training run, ``SweepConfig`` the search over it, and :func:`load_config` reads either from YAML
with ``key=value`` overrides.
"""

from raysign.config.data import DataConfig, SyntheticConfig
from raysign.config.encoder import (
    ConformerConfig,
    ConvTransformerConfig,
    EncoderConfig,
    STGCNConfig,
    TransformerConfig,
)
from raysign.config.extract import CropConfig, ExtractConfig
from raysign.config.load import load_config, read_yaml, resolve
from raysign.config.loss import (
    ArcFaceConfig,
    CrossEntropyConfig,
    LossConfig,
    ProxyNCAConfig,
    SupConArcFaceConfig,
    SupConConfig,
    TripletConfig,
)
from raysign.config.prepare import AugmentConfig, PrepareConfig
from raysign.config.sweep import Dimension, SweepConfig
from raysign.config.train import BatchConfig, EvaluateConfig, OptimConfig, TrainConfig

__all__ = [
    "ArcFaceConfig",
    "AugmentConfig",
    "BatchConfig",
    "ConformerConfig",
    "ConvTransformerConfig",
    "CropConfig",
    "CrossEntropyConfig",
    "DataConfig",
    "Dimension",
    "EncoderConfig",
    "EvaluateConfig",
    "ExtractConfig",
    "LossConfig",
    "OptimConfig",
    "PrepareConfig",
    "ProxyNCAConfig",
    "STGCNConfig",
    "SupConArcFaceConfig",
    "SupConConfig",
    "SweepConfig",
    "SyntheticConfig",
    "TrainConfig",
    "TransformerConfig",
    "TripletConfig",
    "load_config",
    "read_yaml",
    "resolve",
]
