"""One model by one protocol: its figures, and all that must travel with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from raysign.bundle.card import ORIGIN
from raysign.datasets.asl_lex import Phonology
from raysign.errors import ConfigError
from raysign.evaluate.embedded import CLIPS, ONLY_COPIES, Embedded
from raysign.evaluate.model import load_model
from raysign.evaluate.protocols import rounds_of
from raysign.evaluate.record import opened_card, opening
from raysign.evaluate.reranked import PREFIX, Gain, gains, own_stages, rerank_config
from raysign.evaluate.second_take import SecondTake, second_take
from raysign.evaluate.shown import AboveFold, Neighbours, check_language
from raysign.evaluate.sides import Sides, data_config
from raysign.ranking import Resampling, Scoring, one_draw, paired_differences, summarise
from raysign.second_stage import parse_stages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from raysign.bundle import Bundle
    from raysign.ranking import Difference, Figure, PerQuery, Ranking


@dataclass(frozen=True)
class Comparison:
    """Another model on the same queries of the same gallery."""

    model: str
    ranking: Ranking
    above_fold: AboveFold
    difference: Mapping[str, Difference]
    """The measured model − this one, in every metric and above the fold."""

    def as_json(self) -> dict[str, Any]:
        """The other's figures; under ``difference`` a figure, its ends and ``_below_zero`` each."""
        flat: dict[str, float] = {}
        for name, by in self.difference.items():
            flat |= {name: by.value, f"{name}_low": by.low, f"{name}_high": by.high}
            flat |= {f"{name}_below_zero": by.below_zero}
        figures = {**self.ranking.as_json(), **self.above_fold.as_json()}
        return {"model": self.model, **figures, "difference": flat}


@dataclass(frozen=True)
class Evaluation:
    """The figures of one protocol and everything that must travel with them."""

    ranking: Ranking
    without_duplicates: Ranking | None
    """The same, each query's byte-identical gallery clips left out; None where there are none, or
    nothing else is to be found (``only_copies`` in the card)."""
    seen: Ranking | None
    """Of the queries whose sign was trained on; None where there are none, or it is not known."""
    unseen: Ranking | None
    """Of those whose sign was never trained on; likewise."""
    one_draw: Mapping[str, Figure] | None
    """With the interval of what a single draw would show; None in a protocol without draws."""
    against: tuple[Comparison, ...]
    reranked: tuple[Gain, ...]
    """What each second stage that was asked for gains and costs."""
    above_fold: AboveFold
    """How often the sign is among the first signs that are shown."""
    neighbours: Neighbours | None
    """How much the others look like it; None where nothing says what looks alike."""
    second_take: SecondTake | None
    """What a second recording gains; None where it was not asked for."""
    card: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """One object: ``recall_at_1`` … with intervals, and the protocol card as ``card``."""
        parts = {
            "without_duplicates": self.without_duplicates,
            "seen": self.seen,
            "unseen": self.unseen,
        }
        single = None
        if self.one_draw is not None:
            single = {
                f"{name}_{end}": value
                for name, figure in self.one_draw.items()
                for end, value in (("low", figure.low), ("high", figure.high))
            }
        return {
            **self.ranking.as_json(),
            **self.above_fold.as_json(),
            **{name: part.as_json() if part else None for name, part in parts.items()},
            "one_draw": single,
            "against": [other.as_json() for other in self.against],
            "reranked": [gain.as_json() for gain in self.reranked],
            "neighbours": self.neighbours.as_json() if self.neighbours else None,
            "second_take": self.second_take.as_json() if self.second_take else None,
            "card": self.card,
        }


def evaluate(
    model: str,
    queries: str,
    gallery: str,
    *,
    protocol: str = "clips",
    draws: int | None = None,
    shots: int | None = None,
    against: Sequence[str] = (),
    rerank: Sequence[str] = (),
    scoring: str = "clip",
    phonology: str | None = None,
    takes: int = 1,
    overrides: Sequence[str] = (),
    open_test: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Rank the gallery for every query.

    Args:
        model: a bundle folder, an MLflow URI (``models:/raysign-encoder@champion``), or
            ``default``: the encoder that ships for the layout of the queries.
        queries: ``STORE`` or ``STORE:split`` of the clips that ask.
        gallery: ``STORE`` or ``STORE:split`` of the clips that are searched; may be the same.
        protocol: one of ``PROTOCOLS``.
        draws: how often a protocol that draws does so (default 100; 20 where all clips ask).
        shots: gallery clips a sign in each draw (default 4; 1 in ``one_shot``).
        against: other models, asked the same.
        rerank: second stages of the model's ranking, each measured beside the first: ``dtw``,
            ``csls``, ``znorm``, ``mirror``, or several one after the other, as ``csls+dtw``;
            where none is given, the one that the model was chosen by, if any.
        scoring: what is ranked, clips or signs, and by what; see :mod:`raysign.ranking.scoring`.
        phonology: the table of ASL-LEX 2.0, to say how much the other signs that are shown look
            like the query's; None: that is not measured.
        takes: 2: each query is also asked together with another recording of its sign.
        overrides: ``data.key=value``: which synthetic world (default: the one that the model
            learned from), and what becomes of clips without landmarks; ``rerank.key=value``: how a
            second stage does it.
        open_test: allow the sealed test split, say so in the card, and record it in MLflow.
        resamples: bootstrap draws behind each interval.
        seed: of the bootstrap, and of the draws.

    Raises:
        ConfigError, BundleError, StoreError, LayoutError, SealedSplitError, SplitError, DataError:
            see their messages.
    """
    chains = tuple(map(parse_stages, rerank))
    scored = Scoring(scoring)
    if chains and scored != CLIPS:
        raise ConfigError(
            f"a second stage reorders clips by their cosine, got --scoring {scoring}; leave "
            "--rerank or --scoring out"
        )
    if takes not in (1, 2):
        raise ConfigError(f"a query is asked by 1 or 2 takes, got {takes}; give --takes 2")
    made_of = None if phonology is None else Phonology.read(phonology)
    bundle = load_model(model, queries)
    if scored == CLIPS:
        chains = chains or own_stages(bundle)
    stages = rerank_config([each for each in overrides if each.startswith(PREFIX)], chains, bundle)
    overrides = [each for each in overrides if not each.startswith(PREFIX)]
    others = [(name, load_model(name, queries)) for name in against]
    data = data_config(bundle.config.data, overrides)
    sides = Sides.read(queries, gallery, data, open_test=open_test)
    if made_of is not None:
        check_language(sides.asking.language, sides.searched.language)
    rounds = rounds_of(protocol, sides, draws=draws, shots=shots, seed=seed)
    named = [(model, bundle), *others]
    opened = None
    if open_test and sides.test_clips:
        opened = opening(named, sides.test_data(), protocol)
    how = Resampling(resamples=resamples, seed=seed)
    sign = torch.from_numpy(sides.query_sign[rounds.asked])
    number = torch.from_numpy(rounds.number)

    embedded = Embedded.by_bundle(sides, bundle)
    found = embedded.ranked(rounds, scoring=scored)
    above = AboveFold.of(embedded, rounds, scored, how)
    copied = sides.copied()
    plain, only_copies = None, ""
    if copied[rounds.asked].any():
        apart = embedded.without_copies(rounds, scored)
        only_copies = ONLY_COPIES if apart is None else ""
        plain = None if apart is None else summarise(apart, sign, **how)
    known = None if bundle.signs is None else sides.trained_on(bundle.signs)[rounds.asked]
    compared = []
    for name, other in others:
        rival = Embedded.by_bundle(sides, other)
        theirs = rival.ranked(rounds, scoring=scored)
        fold = AboveFold.of(rival, rounds, scored, how)
        difference = paired_differences([found], [theirs], sign, **how) | above.less(fold, how)
        compared.append(Comparison(name, summarise(theirs, sign, **how), fold, difference))
    done = Evaluation(
        ranking=summarise(found, sign, **how),
        without_duplicates=plain,
        seen=_part(found, sign, known, how),
        unseen=_part(found, sign, None if known is None else ~known, how),
        one_draw=one_draw(found, sign, number, **how) if rounds.drawn else None,
        against=tuple(compared),
        reranked=gains(chains, stages, bundle, embedded, rounds, found, how),
        above_fold=above,
        neighbours=None
        if made_of is None
        else Neighbours.of(embedded, rounds, scored, made_of, found.answered.numpy(), how),
        second_take=second_take(embedded, rounds, scored, how) if takes == 2 else None,
        card={
            "protocol": protocol,
            **sides.card(),
            **rounds.card,
            **_scored_card(rounds.card["hit"], scored),
            "above_fold": above.card(),
            "queries_identical_to_a_gallery_clip": int(copied.sum()),
            "only_copies": only_copies,
            "signs_trained_on": _known_signs(bundle),
            "intervals": f"95 %, bootstrap over signs, {resamples} resamples, seed {seed}",
            **opened_card([name for name, _ in named], opened),
            "model": model_card(model, bundle),
            "against": [model_card(name, other) for name, other in others],
            "rerank": {"+".join(chain): stages.of(chain) for chain in chains},
        },
    )
    if opened is not None:
        opened.record(0, done.ranking.as_json(), done.card)
        for place, rival_card in enumerate(done.card["against"]):
            card = {**done.card, "model": rival_card, "against": []}
            opened.record(place + 1, compared[place].ranking.as_json(), card)
    return done


def model_card(name: str, bundle: Bundle) -> dict[str, Any]:
    """Which model it is, what it learned from, and, as far as it knows, which code made it when."""
    data = bundle.config.data
    return {
        "name": name,
        "encoder": bundle.config.encoder.kind,
        "loss": bundle.config.loss.kind,
        "layout": bundle.layout,
        "prepare": bundle.prepare_fingerprint,
        "mirror": bundle.config.evaluate.mirror,
        "trained_on": {"store": data.store, "splits": data.splits, "seed": bundle.config.seed},
        **{fact: bundle.card[fact] for fact in ORIGIN if bundle.card.get(fact)},
    }


def _part(
    found: PerQuery, sign: torch.Tensor, which: np.ndarray | None, how: Resampling
) -> Ranking | None:
    """The figures of some of the queries, asked of the whole gallery; None where there are none."""
    if which is None:
        return None
    mask = torch.from_numpy(which)
    if not (mask & found.answered).any():
        return None
    return summarise(found.select(mask), sign[mask], **how)


def _scored_card(hit: str, scoring: Scoring) -> dict[str, str]:
    """What the card says of the scoring; protocols speak of clips and their cosines."""
    return {"hit": hit.replace(CLIPS.words(), scoring.words()), "scoring": scoring.kind}


def _known_signs(bundle: Bundle) -> str:
    if bundle.signs is None:
        return "the bundle does not say"
    return f"{len(bundle.signs):,}, matched by gloss"
