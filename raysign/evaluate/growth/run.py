"""Models asked in galleries of every size: the flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from jaxtyping import Int64

from raysign.errors import SplitError
from raysign.evaluate.growth.better import Scale, count_better
from raysign.evaluate.growth.blocks import Say, embed_clips
from raysign.evaluate.growth.check import check_layouts, check_options
from raysign.evaluate.growth.distractors import choose, embed
from raysign.evaluate.growth.figures import Figures, figures_of, over_vocabulary
from raysign.evaluate.growth.notes import of_gallery, of_sizes, of_vocabularies
from raysign.evaluate.growth.result import Growth, Measured
from raysign.evaluate.growth.sizes import SIZES, curve_sizes, sizes_of
from raysign.evaluate.model import load_model
from raysign.evaluate.protocols import Rounds
from raysign.evaluate.protocols.asked import asked_card, copies_card, own_signer
from raysign.evaluate.protocols.supported import SUPPORT_DRAWS, check_asked, supported
from raysign.evaluate.record import opened_card, opening
from raysign.evaluate.run import model_card
from raysign.evaluate.sides import Sides, data_config
from raysign.ranking import Resampling

if TYPE_CHECKING:
    from torch import Tensor

    from raysign.bundle import Bundle


def _silent(line: str) -> None:
    """Say nothing."""


def growth(
    models: Sequence[str],
    queries: str,
    gallery: str,
    *,
    distractors: Sequence[str] = (),
    sizes: Sequence[int] = SIZES,
    largest: int | None = None,
    shots: Sequence[int] = (1,),
    signers: str = "other",
    draws: int | None = None,
    overrides: Sequence[str] = (),
    open_test: bool = False,
    resamples: int = 1000,
    seed: int = 0,
    say: Callable[[str], None] = _silent,
) -> Growth:
    """R@K and MRR against gallery size, shots, and training vocabulary.

    Args:
        models: one or more, as :func:`raysign.evaluate.evaluate` takes them; the curve over the
            training vocabulary goes through them.
        queries: ``STORE`` or ``STORE:split`` of the clips that ask.
        gallery: of the support clips; may be the same.
        distractors: of signs that nobody asks for, each ``STORE``, ``STORE:split`` or
            ``synthetic``; they come in once all signs of ``gallery`` are in.
        sizes: of galleries, in signs. Those that are larger than what there is are fitted.
        largest: distractors make no gallery larger than that; None = as large as ``sizes`` ask.
        shots: support clips a sign; each number is measured with the same signs and queries.
        signers: ``other``: a clip asks where its signer made no support of its sign; ``any``.
        draws: of supports, and of the order in which signs come in (default 20).
        overrides: ``data.key=value``, as in ``evaluate``; the synthetic world is that of queries,
            gallery and distractors alike.
        open_test: allow the sealed test split, and record each model in MLflow.
        resamples: bootstrap draws behind each interval.
        seed: of the bootstrap, the draws and the choice of distractors.
        say: is told what takes long.

    Raises:
        ConfigError: an option that cannot be.
        BundleError, StoreError, LayoutError, SealedSplitError, SplitError, DataError: see their
            messages.
    """
    check_options(models, sizes, shots, signers, largest)
    most = max(sizes) if largest is None else largest
    every = tuple(sorted(set(shots)))
    bundles = [load_model(model, queries) for model in models]
    check_layouts(models, bundles, (queries, gallery, *distractors))
    data = data_config(bundles[0].config.data, overrides, "growth")
    say(f"reading {queries} and {gallery}")
    sides = Sides.read(queries, gallery, data, open_test=open_test)
    rounds = _rounds(sides, every[-1], signers, SUPPORT_DRAWS if draws is None else draws, seed)
    signs = rounds.card["signs"]
    sources = choose(
        distractors,
        sides.signs,
        signs=most - signs,
        shots=every[-1],
        synthetic=data.synthetic,
        open_test=open_test,
        seed=seed,
    )
    opened = None
    tested = (*sides.test_data(), *(quote(source.selection) for source in sources if source.test))
    if open_test and tested:
        opened = opening(list(zip(models, bundles, strict=True)), tested, "growth")

    asked_with = [
        (bundle.embedder(), bundle.config.evaluate.mirror == "both") for bundle in bundles
    ]
    distracting = embed(sources, asked_with, shots=every[-1], say=say)
    first = distracting[0]  # they differ in nothing but the vectors
    foreign = _foreign(first.kinds, sides)
    rounds = _without(rounds, sides, first.content, every[-1])
    others = int(first.sign[-1]) + 1 if len(first.sign) else 0
    curve = curve_sizes(signs, others, foreign=foreign)
    scale = Scale(sizes_of(sizes, signs, curve), every, seed)
    figures = list[Figures]()
    for name, bundle, more in zip(models, bundles, distracting, strict=True):
        say(f"model {name}")
        asking, searched = _vectors(bundle, sides, say)
        say(f"ranking {len(rounds.asked):,} queries among {scale.sizes[-1]:,} signs")
        counts = count_better(
            asking, searched, sides.query_sign, sides.gallery_sign, rounds, more, scale
        )
        how = Resampling(resamples=resamples, seed=seed)
        figures.append(figures_of(counts, scale, sides.query_sign, rounds, **how))
    card = {
        "protocol": "growth",
        **sides.card(),
        **rounds.card,
        "hit": "the query's sign; signs are ranked by the best cosine of their clips",
        "signers": signers,
        "shots": list(every),
        "own_signer": _own_signer(sides, rounds, every, signers),
        "distractors": list(first.card),
        "intervals": f"95 %, bootstrap over signs, {resamples} resamples, seed {seed}",
        "fitted": "by resamples, wider by the miss; no 95 % interval",
        **opened_card(models, opened),
        "models": [
            {**model_card(name, bundle), **_learned(bundle, sides, rounds)}
            for name, bundle in zip(models, bundles, strict=True)
        ],
    }
    done = _concluded(models, bundles, figures, sizes, signs, foreign, curve, card)
    if opened is not None:
        for number, model in enumerate(done.models):
            ranking = model.points[every[0], done.largest]
            facts = {**card, "models": model.name, "gallery_signs": done.largest}
            opened.record(number, ranking.as_json(), facts)
    return done


def _rounds(sides: Sides, shots: int, signers: str, draws: int, seed: int) -> Rounds:
    others = signers == "other"
    if others and not (sides.asking.signer != "").any():
        raise SplitError(
            f"queries by other signers need signers, and no clip of {sides.queries!r} has one; "
            "type --signers any"
        )
    return supported(
        sides,
        draws=draws,
        shots=shots,
        seed=seed,
        other_signers=others,
        any_signer="--signers any",
    )


def _without(rounds: Rounds, sides: Sides, content: Int64[np.ndarray, "_"], shots: int) -> Rounds:
    """Without queries to which a distractor is byte-identical; the same for every model."""
    copied = np.isin(sides.content_keys()[0], content)
    left = tuple(asks[~copied[asks]] for asks in rounds.queries)
    check_asked(sides, left, shots)
    gone = copies_card(sides, rounds.queries, left)
    added = {name: rounds.card[name] + count for name, count in gone.items()}
    return replace(rounds, queries=left, card={**rounds.card, **asked_card(sides, left), **added})


def _own_signer(sides: Sides, rounds: Rounds, shots: Sequence[int], signers: str) -> str:
    if signers == "other":
        return str(rounds.card["own_signer"])
    if len(shots) == 1:
        return own_signer(sides, rounds, shots[0])
    return "; ".join(f"{each} a sign: {own_signer(sides, rounds, each)}" for each in shots)


def _learned(bundle: Bundle, sides: Sides, rounds: Rounds) -> dict[str, int | None]:
    """Of the signs that are asked for, how many the model learned, by their glosses."""
    asked = sides.signs[np.unique(sides.query_sign[rounds.asked])]
    if bundle.signs is None:
        return {"asked_learned": None, "asked_new": None}
    learned = int(np.isin(asked, np.asarray(bundle.signs, dtype=np.str_)).sum())
    return {"asked_learned": learned, "asked_new": len(asked) - learned}


def _vectors(bundle: Bundle, sides: Sides, say: Say) -> tuple[Tensor, Tensor]:
    embedder, mirror = bundle.embedder(), bundle.config.evaluate.mirror
    asking = embed_clips(sides.asking, embedder, mirrored=mirror != "none", say=say, what="queries")
    searched = asking
    if sides.searched is not sides.asking or mirror == "queries":
        searched = embed_clips(
            sides.searched, embedder, mirrored=mirror == "both", say=say, what="gallery"
        )
    return asking, searched


def _foreign(kinds: frozenset[tuple[str, str]], sides: Sides) -> bool:
    """Whether distractors are of another dataset or language than the gallery."""
    clips = sides.searched
    own = zip(clips.dataset.tolist(), clips.language.tolist(), strict=True)
    return not kinds <= set(own)


def _concluded(
    models: Sequence[str],
    bundles: Sequence[Bundle],
    figures: Sequence[Figures],
    sizes: Sequence[int],
    gallery_signs: int,
    foreign: bool,
    curve: Int64[np.ndarray, "_"],
    card: dict[str, Any],
) -> Growth:
    measured = tuple(
        Measured(
            name,
            None if bundle.signs is None else len(bundle.signs),
            found.points,
            found.over_size(curve),
            found.over_shots(),
        )
        for name, bundle, found in zip(models, bundles, figures, strict=True)
    )
    learned: dict[int, list[Figures]] = {}
    for one, found in zip(measured, figures, strict=True):
        if one.vocabulary:
            learned.setdefault(one.vocabulary, []).append(found)
    largest, shots = int(figures[0].scale.sizes[-1]), figures[0].scale.shots
    too_few = sum(source["signs_with_too_few_clips"] for source in card["distractors"])
    notes = [
        *of_gallery(gallery_signs, shots, too_few, foreign=foreign),
        *of_vocabularies(measured, len(learned)),
        *of_sizes(measured, sizes, shots[0], largest, distracted=bool(card["distractors"])),
    ]
    shown = tuple(sorted({*sizes, gallery_signs, largest}))
    return Growth(measured, shown, shots, largest, over_vocabulary(learned), tuple(notes), card)
