"""Second stages beside the first: what each gains on the same queries, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from raysign.config import RerankConfig, SecondStageConfig, resolve
from raysign.config.load import overridden
from raysign.embed import prepare_clips
from raysign.errors import ConfigError
from raysign.ranking import Difference, PerQuery, Ranking, paired_differences, summarise
from raysign.rerank import Hubness, hubness
from raysign.second_stage import Material, Round, Sequences, Side, Stages, parse_stages

if TYPE_CHECKING:
    from raysign.bundle import Bundle
    from raysign.evaluate.embedded import Embedded
    from raysign.evaluate.protocols import Rounds
    from raysign.ranking import Resampling

PREFIX = "rerank."
"""Of the overrides that are about second stages."""


@dataclass(frozen=True)
class Gain:
    """A second stage, or several one after the other, beside the first stage alone."""

    stages: Stages
    ranking: Ranking
    difference: Mapping[str, Difference]
    """With these stages − without, in every metric."""
    query_ms: float
    """What they add to a query: the time of all queries over their number, on this machine."""
    gallery_s: float
    """What they do once for a gallery (of all draws together)."""
    first_met_ms: float
    """For DTW, what a search adds to a query whose clips it meets for the first time: the vectors
    of these. That it prepares their landmarks too comes on top.
    """
    hubs: tuple[Hubness, Hubness] | None
    """Without and with these stages; None where every draw has another gallery."""
    settings: Mapping[str, Any]
    """Of these stages."""

    @property
    def name(self) -> str:
        """As it can be asked for: ``csls+dtw``."""
        return "+".join(self.stages)

    def as_json(self) -> dict[str, Any]:
        """The figures, the ``difference`` as in a comparison of models, the cost and the hubs."""
        flat: dict[str, float] = {}
        for name, by in self.difference.items():
            flat |= {name: by.value, f"{name}_low": by.low, f"{name}_high": by.high}
            flat |= {f"{name}_below_zero": by.below_zero}
        hubs = None
        if self.hubs:
            hubs = dict(zip(("without", "with"), (h.as_json() for h in self.hubs), strict=True))
        return {
            "stages": list(self.stages),
            **self.ranking.as_json(),
            "difference": flat,
            "query_ms": self.query_ms,
            "gallery_s": self.gallery_s,
            "first_met_ms": self.first_met_ms,
            "hubness": hubs,
            "settings": dict(self.settings),
        }


def own_stages(bundle: Bundle) -> tuple[Stages, ...]:
    """The second stage that a model was trained and chosen with; none in most."""
    stages = bundle.config.evaluate.rerank.stages
    return (parse_stages(stages),) if stages else ()


def ranked_through(stages: Stages, bundle: Bundle, embedded: Embedded, rounds: Rounds) -> PerQuery:
    """What a model finds with these stages, by its own settings of them; as ``Embedded.ranked``."""
    material = material_of(embedded, bundle, bundle.config.evaluate.rerank)
    every = (Round(material, *one) for one in rounds.asking)
    return PerQuery.join([one.run(stages).found for one in every])


def rerank_config(
    overrides: Sequence[str], chains: Sequence[Stages], bundle: Bundle
) -> RerankConfig:
    """The model's own settings, which are the defaults in most, changed by ``rerank.key=value``.

    ``ConfigError`` where one is wrong, or is of a stage that none of the chains has.
    """
    asked = {name for stages in chains for name in stages}
    for override in overrides:
        stage = override.removeprefix(PREFIX).partition(".")[0]
        if stage in RerankConfig.model_fields and stage not in asked:
            raise ConfigError(
                f"{override} changes nothing without its stage; add --rerank {stage}, or leave it "
                "out"
            )
    own = bundle.config.evaluate.rerank.model_dump(exclude={"stages"})
    return resolve(SecondStageConfig, overridden({"rerank": own}, overrides)).rerank


def gains(
    chains: Sequence[Stages],
    config: RerankConfig,
    bundle: Bundle,
    embedded: Embedded,
    rounds: Rounds,
    found: PerQuery,
    how: Resampling,
) -> tuple[Gain, ...]:
    """Every chain of stages against the first stage, on the same queries.

    Args:
        chains: as ``parse_stages`` gives each.
        config: of all stages.
        bundle: the encoder.
        embedded: what the first stage ranked, by that encoder.
        rounds: of the protocol.
        found: the first stage's ranking of them.
        how: the intervals are drawn.

    Raises:
        ConfigError: mirror images were asked for, and the first stage has them.
        BundleError: frames are to be aligned, and the encoder has none.
        DataError: a gallery is too small to say what is usual in it.
    """
    if not chains:
        return ()
    if bundle.config.evaluate.mirror != "none" and any("mirror" in stages for stages in chains):
        raise ConfigError(
            f"this model has evaluate.mirror={bundle.config.evaluate.mirror}: its first stage "
            "fuses mirrored queries already; leave --rerank mirror out"
        )
    material = material_of(embedded, bundle, config)
    every = [Round(material, *one) for one in rounds.asking]
    before = every[0].run(()).hits if len(every) == 1 else None
    return tuple(_gain(stages, material, every, before, found, how) for stages in chains)


def material_of(embedded: Embedded, bundle: Bundle, config: RerankConfig) -> Material:
    """What the rounds of a protocol take from; clips are prepared again where a stage needs it."""
    sides, embedder = embedded.sides, bundle.embedder()

    def read() -> tuple[Sequences, Sequences]:
        queries = prepare_clips(sides.asking, embedder.prepare)
        if sides.searched is sides.asking:
            return queries, queries
        return queries, prepare_clips(sides.searched, embedder.prepare)

    return Material(
        Side(embedded.queries, sides.query_sign, sides.query_key),
        Side(embedded.gallery, sides.gallery_sign, sides.gallery_key),
        read,
        embedder,
        config,
        mirrored=bundle.config.evaluate.mirror != "none",
    )


def _gain(
    stages: Stages,
    material: Material,
    rounds: Sequence[Round],
    before: torch.Tensor | None,
    found: PerQuery,
    how: Resampling,
) -> Gain:
    ran = [one.run(stages) for one in rounds]
    ranked = PerQuery.join([part.found for part in ran])
    sign = torch.cat([one.query_sign for one in rounds])
    hubs = None
    if before is not None:
        hubs = hubness(before, ranked.gallery), hubness(ran[0].hits, ranked.gallery)
    query_ms = 1000 * sum(part.queries_s for part in ran) / len(sign)
    gallery_s = sum(part.gallery_s for part in ran)
    # Clips that several draws have in common are embedded and made ready once.
    clips = len(material.queries.sign)
    if "mirror" in stages:
        query_ms += 1000 * material.fused[1] / clips
    if "dtw" in stages:
        aligned = material.aligned(with_mirror="mirror" in stages)
        query_ms += 1000 * aligned.queries_s / clips
        gallery_s += aligned.gallery_s
    return Gain(
        stages,
        summarise(ranked, sign, **how),
        paired_differences([ranked], [found], sign, **how),
        query_ms,
        gallery_s,
        1000 * material.first_met_s if "dtw" in stages else 0.0,
        hubs,
        material.config.of(stages),
    )
