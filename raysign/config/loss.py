"""The losses, one config each; `kind` chooses among them, and this union is the registry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from raysign.config.base import Config, kind_or

Temperature = Annotated[float, Field(gt=0, le=10)]
Margin = Annotated[float, Field(ge=0, lt=1.5)]
Scale = Annotated[float, Field(gt=0, le=256)]
Smoothing = Annotated[float, Field(ge=0, lt=1)]
Subcentres = Annotated[int, Field(ge=1, le=64)]
Weight = Annotated[float, Field(gt=0, le=100)]
Memory = Annotated[int, Field(ge=0, le=2**20)]
Steps = Annotated[int, Field(ge=0)]


class SupConConfig(Config):
    """Supervised contrastive loss (Khosla et al., 2020, eq. 2, L_out)."""

    kind: Literal["supcon"] = "supcon"
    temperature: Temperature = 0.07
    """τ: similarities are divided by it."""
    memory: Memory = 0
    """Embeddings of the last steps that a batch is compared with (cross-batch memory, Wang et al.,
    2020); the batch itself is among them. 0 = off.
    """
    memory_start: Steps = 1000
    """Steps before the memory is used (1,000 in its paper), while embeddings still drift fast."""


class ArcFaceConfig(Config):
    """Additive angular margin over the signs' proxies (Deng et al., 2019, eq. 3)."""

    kind: Literal["arcface"] = "arcface"
    margin: Margin = 0.3
    """Margin on the angle, in radians."""
    scale: Scale = 30.0
    """s: cosines are multiplied by it."""
    smoothing: Smoothing = 0.0
    """Label smoothing: the share of the target that all signs divide equally."""
    subcentres: Subcentres = 1
    """Proxies a sign, of which the nearest counts (sub-centre ArcFace, Deng et al., 2020): room for
    a sign's variants.
    """
    proxy_lr_factor: Weight = 10.0
    """The proxies' learning rate over the encoder's."""


class ProxyNCAConfig(Config):
    """ProxyNCA++ (Teh et al., 2020): the chance that an embedding picks its sign's proxy.

    A softmax over all proxies of −‖x − p‖² / T, both at unit length. As ‖x − p‖² = 2 − 2 cos, it is
    the cross-entropy of ``cross_entropy`` with scale 2 / T and no smoothing.
    """

    kind: Literal["proxy_nca"] = "proxy_nca"
    temperature: Annotated[float, Field(ge=0.05, le=10)] = 1 / 9
    """T: squared distances are divided by it (1/9 in the paper). Below .05 the softmax of a
    misplaced clip runs out of float32, and the clip would drop out of the loss.
    """
    proxy_lr_factor: Weight = 10.0
    """The proxies' learning rate over the encoder's."""


class SupConArcFaceConfig(Config):
    """Weighted sum of both."""

    kind: Literal["supcon_arcface"] = "supcon_arcface"
    temperature: Temperature = 0.07
    """τ of SupCon."""
    memory: Memory = 0
    """SupCon's cross-batch memory: embeddings kept; 0 = off."""
    memory_start: Steps = 1000
    """Steps before the memory is used."""
    margin: Margin = 0.3
    """Margin of ArcFace on the angle, in radians."""
    scale: Scale = 30.0
    """s of ArcFace."""
    smoothing: Smoothing = 0.0
    """Label smoothing of ArcFace."""
    subcentres: Subcentres = 1
    """Proxies a sign, of which the nearest counts."""
    supcon_weight: Weight = 1.0
    """Weight of SupCon in the sum."""
    arcface_weight: Weight = 1.0
    """Weight of ArcFace in the sum."""
    proxy_lr_factor: Weight = 10.0
    """The proxies' learning rate over the encoder's."""


class TripletConfig(Config):
    """Triplets with batch-hard mining (Hermans et al., 2017, eq. 5).

    Each clip against the farthest of its own sign and the nearest of another, by Euclidean
    distance; the mean over the clips.
    """

    kind: Literal["triplet"] = "triplet"
    margin: Annotated[float, Field(ge=0, le=2)] = 0.2
    """How much farther the other sign has to be; distances of unit vectors lie in 0–2. Not
    published.
    """
    soft: bool = False
    """ln(1 + exp(·)) in place of the hinge, which pulls on without end; the paper's soft margin has
    margin 0.
    """
    memory: Memory = 0
    """Embeddings of the last steps among which the hardest are sought (cross-batch memory, Wang et
    al., 2020); the batch itself is among them. 0 = off.
    """
    memory_start: Steps = 1000
    """Steps before the memory is used."""


class CrossEntropyConfig(Config):
    """Classification of the training signs: the control to the metric losses."""

    kind: Literal["cross_entropy"] = "cross_entropy"
    classifier: Literal["cosine", "linear"] = "cosine"
    """`cosine`: logits are scale × cosines to a weight vector a sign (normalised softmax; ArcFace
    with margin 0). `linear`: weights of free length and a bias, over scale × embedding.
    """
    scale: Scale = 30.0
    """Embeddings have unit length, whose logits alone are too flat to classify by."""
    smoothing: Smoothing = 0.1
    """Label smoothing: the share of the target that all signs divide equally."""
    proxy_lr_factor: Weight = 10.0
    """The classifier's learning rate over the encoder's."""


class ContrastConfig(Config):
    """Contrast of clips whose signs nobody tells (SimCLR: Chen et al., 2020, eq. 1, NT-Xent).

    Each clip is a sign of its own: a batch holds P clips in K views, each augmented anew, and a
    view is drawn to the other views of its clip. For K = 2 SupCon is NT-Xent. Clips without a sign
    train too.
    """

    kind: Literal["contrast"] = "contrast"
    temperature: Temperature = 0.1
    """τ: similarities are divided by it."""


class MaskedConfig(Config):
    """Hidden articulators told from the rest of the clip (as SignBERT does; Hu et al., 2021).

    For spans of time a hand, or the body, is hidden from the encoder; a linear layer tells its
    joints from the encoder's frames. Needs an encoder that keeps a clip's frames, and does not
    train its pooling. Clips without a sign train too.
    """

    kind: Literal["masked"] = "masked"
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Chance that a span has an articulator hidden; which one is drawn anew for each."""
    span: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Length of a span, as a share of the clip."""


LossConfig = Annotated[
    SupConConfig
    | ArcFaceConfig
    | ProxyNCAConfig
    | SupConArcFaceConfig
    | TripletConfig
    | CrossEntropyConfig
    | ContrastConfig
    | MaskedConfig,
    Field(discriminator="kind"),
    kind_or("supcon"),
]
