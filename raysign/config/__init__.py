"""Every setting of raysign, typed and closed: an unknown key or a bad value is an error with its
path.

One file a subject; the meaning and the unit stand under each field. ``TrainConfig`` is the whole of
a training run, ``KeywordConfig`` of one of keyword search, ``SweepConfig`` the search over a run,
and :func:`load_config` reads any of them from YAML with ``key=value`` overrides.
"""

from raysign.config.data import DataConfig, SyntheticConfig
from raysign.config.encoder import (
    ConformerConfig,
    ConvTransformerConfig,
    EncoderConfig,
    EnsembleConfig,
    MemberConfig,
    PoseFormerConfig,
    STGCNConfig,
    TransformerConfig,
)
from raysign.config.extract import CropConfig, ExtractConfig, LookConfig
from raysign.config.gallery import GalleryConfig
from raysign.config.keywords import (
    KeywordAugmentConfig,
    KeywordBatchConfig,
    KeywordConfig,
    KeywordContextConfig,
    KeywordDataConfig,
    KeywordEncoderConfig,
    KeywordEvaluateConfig,
    KeywordLossConfig,
    KeywordOptimConfig,
    KeywordPrepareConfig,
    KeywordSearchConfig,
    KeywordSTGCNConfig,
)
from raysign.config.load import load_config, read_yaml, resolve
from raysign.config.loss import (
    ArcFaceConfig,
    ContrastConfig,
    CrossEntropyConfig,
    LossConfig,
    MaskedConfig,
    ProxyNCAConfig,
    SupConArcFaceConfig,
    SupConConfig,
    TripletConfig,
)
from raysign.config.placement import PlacementConfig
from raysign.config.prepare import AugmentConfig, PrepareConfig
from raysign.config.rerank import (
    CSLSConfig,
    DTWConfig,
    RerankConfig,
    SecondStageConfig,
    ValRerankConfig,
    ZNormConfig,
)
from raysign.config.retrain import ProtocolConfig, RetrainConfig
from raysign.config.selection import SelectionConfig
from raysign.config.sweep import Dimension, SweepConfig
from raysign.config.train import BatchConfig, EvaluateConfig, OptimConfig, TrainConfig

__all__ = [
    "ArcFaceConfig",
    "AugmentConfig",
    "BatchConfig",
    "CSLSConfig",
    "ConformerConfig",
    "ContrastConfig",
    "ConvTransformerConfig",
    "CropConfig",
    "CrossEntropyConfig",
    "DTWConfig",
    "DataConfig",
    "Dimension",
    "EncoderConfig",
    "EnsembleConfig",
    "EvaluateConfig",
    "ExtractConfig",
    "GalleryConfig",
    "KeywordAugmentConfig",
    "KeywordBatchConfig",
    "KeywordConfig",
    "KeywordContextConfig",
    "KeywordDataConfig",
    "KeywordEncoderConfig",
    "KeywordEvaluateConfig",
    "KeywordLossConfig",
    "KeywordOptimConfig",
    "KeywordPrepareConfig",
    "KeywordSTGCNConfig",
    "KeywordSearchConfig",
    "LookConfig",
    "LossConfig",
    "MaskedConfig",
    "MemberConfig",
    "OptimConfig",
    "PlacementConfig",
    "PoseFormerConfig",
    "PrepareConfig",
    "ProtocolConfig",
    "ProxyNCAConfig",
    "RerankConfig",
    "RetrainConfig",
    "STGCNConfig",
    "SecondStageConfig",
    "SelectionConfig",
    "SupConArcFaceConfig",
    "SupConConfig",
    "SweepConfig",
    "SyntheticConfig",
    "TrainConfig",
    "TransformerConfig",
    "TripletConfig",
    "ValRerankConfig",
    "ZNormConfig",
    "load_config",
    "read_yaml",
    "resolve",
]
