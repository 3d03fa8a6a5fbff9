"""Second stages, through the door and beside the first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from raysign.bundle import load_bundle
from raysign.cli.evaluate import evaluate as door
from raysign.config import DataConfig, RerankConfig, TrainConfig, resolve
from raysign.errors import BundleError, ConfigError, SplitError
from raysign.evaluate import evaluate
from raysign.evaluate.embedded import Embedded
from raysign.evaluate.reranked import material_of, rerank_config
from raysign.evaluate.sides import Sides
from raysign.second_stage import Material, Round, Side, parse_stages

if TYPE_CHECKING:
    from pathlib import Path

METRICS = ("recall_at_1", "recall_at_5", "recall_at_10", "recall_at_50", "map", "mrr")


@pytest.fixture
def selections(store: Path) -> tuple[str, str]:
    return f"{store}:val", f"{store}:train"


@pytest.mark.parametrize("protocol", ["clips", "draws"])
def test_every_stage_stands_beside_the_first(
    model: Path, selections: tuple[str, str], protocol: str
) -> None:
    drawn = {"draws": 3, "shots": 1} if protocol == "draws" else {}
    asked = ("mirror", "csls", "znorm", "dtw", "dtw+csls")
    done = evaluate(str(model), *selections, protocol=protocol, rerank=asked, **drawn)
    names = [gain.name for gain in done.reranked]
    assert names == ["mirror", "csls", "znorm", "dtw", "csls+dtw"]
    for gain in done.reranked:
        assert gain.ranking.queries == done.ranking.queries
        assert gain.ranking.gallery == done.ranking.gallery
        for metric in METRICS:
            gained = gain.ranking.figures[metric].value - done.ranking.figures[metric].value
            assert gain.difference[metric].value == pytest.approx(gained, abs=1e-9)
        assert (gain.hubs is None) == (protocol == "draws")
        assert gain.query_ms >= 0
        assert gain.gallery_s >= 0
        assert (gain.first_met_ms > 0) == ("dtw" in gain.stages)
        assert gain.first_met_ms <= 1001 * gain.gallery_s
    # Untrained as the encoder is, every stage changes something.
    assert all(gain.difference["map"].value != 0 for gain in done.reranked)
    assert done.card["rerank"]["csls+dtw"].keys() == {"csls", "dtw"}
    assert done.card["rerank"]["mirror"] == {}


def test_the_landmarks_find_what_an_untrained_encoder_does_not(
    model: Path, selections: tuple[str, str]
) -> None:
    settings = ["rerank.dtw.top=40", "rerank.dtw.weight=1"]
    done = evaluate(str(model), *selections, rerank=["dtw"], overrides=settings)
    (gain,) = done.reranked
    assert gain.difference["map"].low > 0


def test_without_weight_or_below_the_top_nothing_moves(
    model: Path, selections: tuple[str, str]
) -> None:
    for settings in (["rerank.dtw.weight=0"], ["rerank.dtw.top=1", "rerank.dtw.weight=1"]):
        done = evaluate(str(model), *selections, rerank=["dtw"], overrides=settings)
        (gain,) = done.reranked
        assert all(gain.difference[metric].value == 0 for metric in METRICS)
        assert gain.hubs is not None
        assert gain.hubs[0] == gain.hubs[1]


@pytest.mark.parametrize(
    ("stage", "settings"),
    [
        ("csls", ["rerank.csls.reference=queries"]),
        ("csls", ["rerank.csls.neighbours=1"]),
        ("csls", ["rerank.csls.reference_clips=10"]),
        ("znorm", ["rerank.znorm.over=both"]),
        ("dtw", ["rerank.dtw.on=frames"]),
        ("dtw", ["rerank.dtw.mirror=true", "rerank.dtw.weight=1"]),
        ("dtw", ["rerank.dtw.band=0"]),
        ("dtw", ["rerank.dtw.standardise=true"]),
        ("dtw", ["rerank.dtw.frames=4"]),
    ],
)
def test_a_setting_makes_a_difference(
    model: Path, selections: tuple[str, str], stage: str, settings: list[str]
) -> None:
    plain, changed = (
        evaluate(str(model), *selections, rerank=[stage], overrides=overrides).reranked[0]
        for overrides in ([], settings)
    )
    assert plain.ranking.figures != changed.ranking.figures
    assert plain.settings != changed.settings


def test_a_query_alone_moves_no_clip(model: Path, selections: tuple[str, str]) -> None:
    settings = ["rerank.znorm.over=query"]
    (gain,) = evaluate(str(model), *selections, rerank=["znorm"], overrides=settings).reranked
    assert all(gain.difference[metric].value == 0 for metric in METRICS)


def round_of(
    model: Path, selections: tuple[str, str], turned: bool = False, **settings: Any
) -> Round:
    bundle = load_bundle(model)
    sides = Sides.read(*selections, DataConfig(), open_test=False)
    material = material_of(
        Embedded.by_bundle(sides, bundle), bundle, resolve(RerankConfig, settings)
    )
    if not turned:
        return Round(material)
    asks, searched = (np.arange(len(side)) for side in (sides.asking, sides.searched))
    return Round(material, asks[::-1].copy(), np.roll(searched, 7))


def vectors_alone(side: Side) -> Material:
    """Clips that are asked and searched, for stages that need no encoder."""
    made = Material.__new__(Material)
    vars(made).update(queries=side, gallery=side, config=RerankConfig())
    return made


@pytest.mark.parametrize("stage", ["csls", "znorm"])
def test_a_query_that_is_searched_too_does_not_tell_its_sign(stage: str) -> None:
    """Where clips are noise no stage gains; an impostor that is the query itself would."""
    gains = []
    for seed in range(40):
        noise = torch.randn(300, 64, generator=torch.Generator().manual_seed(seed))
        side = Side(noise / noise.norm(dim=1, keepdim=True), np.arange(300) // 5, np.arange(300))
        one = Round(vectors_alone(side))
        mrr = [one.run(stages).found.values("mrr").mean().item() for stages in ((), (stage,))]
        gains.append(mrr[1] - mrr[0])
    error = np.std(gains, ddof=1) / len(gains) ** 0.5
    assert abs(np.mean(gains)) < 2.5 * error


def test_parts_of_the_queries_come_back_in_their_order() -> None:
    """A query is asked as if it were not searched, in whichever part; hardly anything changes."""
    base = torch.randn(12, 1, 64, generator=torch.Generator().manual_seed(0))
    clips = base + 0.9 * torch.randn(12, 6, 64, generator=torch.Generator().manual_seed(1))
    vectors = clips.flatten(0, 1) / clips.flatten(0, 1).norm(dim=1, keepdim=True)
    side = Side(vectors, np.arange(72) // 6, np.arange(72))
    one = Round(vectors_alone(side))
    ran, plain = one.run(("csls",)), one.run(())
    assert ran.found.first_rank.shape == (72,)
    same = (ran.hits[:, 0] == plain.hits[:, 0]).float().mean()
    assert same > 0.6
    for query in (0, 31, 71):
        alone = Round(one.material, np.array([query])).run(("csls",))
        assert query not in ran.hits[query]
        assert set(alone.hits[0, :3].tolist()) & set(ran.hits[query, :3].tolist())


@pytest.mark.parametrize("stage", ["csls", "znorm"])
def test_a_small_dictionary_has_parts_in_which_nobody_is_answered(stage: str) -> None:
    """Of 14 clips, asked in 10 parts, 8 are of 4 signs and the others alone with theirs."""
    vectors = torch.randn(14, 16, generator=torch.Generator().manual_seed(0))
    vectors = vectors / vectors.norm(dim=1, keepdim=True)
    sign = np.array([0, 4, 1, 2, 3, 0, 1, 2, 3, 5, 6, 7, 8, 9])
    side = Side(vectors, sign, np.arange(14))
    one = Round(vectors_alone(side))
    ran, plain = one.run((stage,)), one.run(())
    assert ran.found.answered.tolist() == plain.found.answered.tolist()
    assert ran.found.answered.sum() == 8
    lone = Side(vectors, np.arange(14), np.arange(14))
    with pytest.raises(SplitError, match="none of the 14 queries has another clip of its sign"):
        Round(vectors_alone(lone)).run((stage,))


def test_hits_are_in_the_new_order(model: Path, selections: tuple[str, str]) -> None:
    """Of the copy of a gallery clip, that clip comes first: its distance is 0."""
    one = round_of(model, selections, dtw={"top": 40, "weight": 1})
    sides = Sides.read(*selections, DataConfig(), open_test=False)
    found = one.run(("dtw",))
    assert found.hits.shape == (20, 10)
    twin = sides.asking.clip_id.tolist().index("twin")
    first = int(found.hits[twin, 0])
    assert sides.searched.content()[first] == sides.asking.content()[twin]
    assert sorted(one.run(()).hits[twin].tolist()) != sorted(found.hits[twin].tolist())


@pytest.mark.parametrize("stages", [("csls",), ("znorm",), ("dtw",), ("mirror", "csls", "dtw")])
def test_the_order_of_a_rounds_clips_does_not_matter(
    model: Path, selections: tuple[str, str], stages: tuple[str, ...]
) -> None:
    settings = {"dtw": {"weight": 1}, "znorm": {"over": "both"}}
    plain = round_of(model, selections, **settings)
    other = round_of(model, selections, turned=True, **settings)
    expected, found = plain.run(stages), other.run(stages)
    assert torch.equal(found.found.first_rank.flip(0), expected.found.first_rank)
    hits = torch.from_numpy(other.searched)[found.hits].flip(0)
    assert torch.equal(hits, expected.hits)


def test_a_clip_never_answers_itself(model: Path, store: Path) -> None:
    one = round_of(model, (f"{store}:train", f"{store}:train"), csls={"reference": "queries"})
    for stages in ((), ("csls",), ("znorm",), ("dtw",)):
        own = torch.arange(40)[:, None]
        assert not (one.run(stages).hits == own).any()


def test_the_door_prints_gain_and_cost(model: Path, selections: tuple[str, str]) -> None:
    arguments = [str(model), "--queries", selections[0], "--gallery", selections[1]]
    arguments += ["--rerank", "dtw", "--rerank", "csls", "rerank.dtw.top=20"]
    done = CliRunner().invoke(door, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    dtw, csls = json.loads(done.stdout)["reranked"]
    assert (dtw["stages"], csls["stages"]) == (["dtw"], ["csls"])
    assert dtw["settings"]["dtw"]["top"] == 20
    assert {"map", "map_low", "map_high", "map_below_zero"} <= dtw["difference"].keys()
    assert dtw["hubness"]["without"] == csls["hubness"]["without"]
    assert dtw["query_ms"] > 0
    told = CliRunner().invoke(door, arguments).stdout
    assert "the difference, with csls less without: R@1 " in told
    assert "ms a query" in told
    assert "skewness of the 10-occurrence: " in told


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("dwt", "no second stage is called 'dwt', got --rerank dwt; give one of mirror, csls"),
        ("csls+znorm", "names a stage twice, or both csls and znorm"),
        ("dtw+dtw", "names a stage twice"),
        ("", "no second stage is called ''"),
    ],
)
def test_unknown_stages_are_refused(given: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("+", r"\+")):
        parse_stages(given)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("rerank.dtw.tpo=5", "rerank.dtw.tpo: no such setting; did you mean 'rerank.dtw.top'"),
        ("rerank.dtw.tpo=5", "`raysign config --kind rerank` lists them"),
        ("rerank.dtw.weight=2", "rerank.dtw.weight: must be less than or equal to 1, got 2"),
        ("rerank.csls.neighbours=5", "changes nothing without its stage; add --rerank csls"),
        ("rerank.nothing=5", "rerank.nothing: no such setting"),
    ],
)
def test_wrong_settings_are_refused(override: str, message: str, model: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        rerank_config([override], (("dtw",),), load_bundle(model))


def test_a_model_that_was_chosen_by_a_second_stage_is_shown_with_it(
    models: Any, config: TrainConfig, selections: tuple[str, str]
) -> None:
    own = {"rerank": {"stages": "csls", "csls": {"neighbours": 3}}}
    settings = resolve(TrainConfig, config.model_dump() | {"evaluate": own})
    name = str(models("rescaled", settings=settings))
    (gain,) = evaluate(name, *selections).reranked
    assert gain.stages == ("csls",)
    assert gain.settings["csls"]["neighbours"] == 3
    (asked,) = evaluate(name, *selections, rerank=["dtw"]).reranked
    assert asked.stages == ("dtw",)
    (changed,) = evaluate(name, *selections, overrides=["rerank.csls.neighbours=5"]).reranked
    assert changed.settings["csls"]["neighbours"] == 5
    assert not evaluate(name, *selections, scoring="sign_max").reranked


def test_what_a_model_cannot_do_is_refused(
    models: Any, config: TrainConfig, selections: tuple[str, str]
) -> None:
    mirrors = resolve(TrainConfig, config.model_dump() | {"evaluate": {"mirror": "queries"}})
    with pytest.raises(ConfigError, match="fuses mirrored queries already"):
        evaluate(str(models("fused", settings=mirrors)), *selections, rerank=["mirror"])
    graph = {"kind": "st_gcn", "widths": (8,), "kernel": 3, "embedding": 8}
    settings = resolve(TrainConfig, config.model_dump() | {"encoder": graph})
    model = str(models("graph", settings=settings))
    with pytest.raises(BundleError, match=r"no frames to align; type rerank\.dtw\.on=landmarks"):
        evaluate(model, *selections, rerank=["dtw"], overrides=["rerank.dtw.on=frames"])
