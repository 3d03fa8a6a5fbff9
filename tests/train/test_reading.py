"""Clips in memory and clips on a disk are the same clips."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.batches import TrainingClips, epoch_batches
from raysign.clip import Clip
from raysign.config import SyntheticConfig, TrainConfig
from raysign.engine import build_training
from raysign.errors import ConfigError, DataError, RaysignError, SealedSplitError, SplitError
from raysign.mapped import MappedSequences
from raysign.splits import Split
from raysign.store import write_store
from raysign.synthetic import iter_clips
from raysign.train import Material
from raysign.train.reading import MappedSplit, read_split

WORLD = SyntheticConfig(signs=20, train_signers=3, val_signers=2)
SMALL: dict[str, Any] = {
    "prepare": {"frames": 12},
    "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8},
    "batches": {"signs": 6, "clips_per_sign": 2},
    "optim": {"epochs": 1},
    "evaluate": {"bootstrap": 100},
    "device": "cpu",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic world, with a duplicate, an empty clip and clips without a sign."""
    clips = list(iter_clips(WORLD))
    first = next(clip for clip in clips if clip.split == "val")
    twin = {"sign": first.sign, "signer": "twin", "split": "train"}
    nothing = np.full_like(first.xyz, np.nan)
    more = [
        Clip("twin", first.xyz, first.layout, **twin),
        Clip("empty", nothing, first.layout, sign=first.sign, signer="e", split="train"),
        *(Clip(f"no sign {i}", clips[i].xyz[::-1], first.layout, split="train") for i in range(9)),
        Clip("sealed", clips[3].xyz, first.layout, sign=first.sign, split="test"),
    ]
    path = tmp_path_factory.mktemp("reading") / "store"
    write_store(path, [*clips, *more], clips_per_part=70)
    return path


def config(store: Path | str, memory: str, **more: Any) -> TrainConfig:
    data = {
        "store": str(store),
        "memory": memory,
        "empty_clips": "drop",
        "cache": f"{Path(store).parent}/cache",
    } | more.pop("data", {})
    return TrainConfig.model_validate(SMALL | {"data": data} | more)


def curve(config: TrainConfig, clips: TrainingClips) -> list[tuple[float, dict[str, float]]]:
    """The loss and the figures of each epoch."""
    epochs: list[tuple[float, dict[str, float]]] = []
    training = build_training(config, clips)
    training.run(lambda epoch: epochs.append((epoch.loss, dict(epoch.figures))))
    return epochs


WAYS = {
    "own": {"optim": {"epochs": 2}},
    "duplicates": {"data": {"duplicates": "drop"}},
    "signers": {"data": {"splits": "signer_disjoint", "val_fraction": 0.4}},
    "signs": {"data": {"splits": "sign_disjoint", "val_fraction": 0.3}},
    "contrast": {"loss": {"kind": "contrast"}},
    "masked": {"loss": {"kind": "masked"}},
    "aligned": {"evaluate": {"bootstrap": 100, "rerank": {"stages": "dtw"}}},
}


@pytest.mark.parametrize("way", WAYS)
def test_on_disk_a_run_learns_and_measures_the_same(store: Path, way: str) -> None:
    here, there = (config(store, memory, **WAYS[way]) for memory in ("always", "mapped"))
    said: dict[str, list[str]] = {"always": [], "mapped": []}
    memory = Material.read(here, said["always"].append)
    disk = Material.read(there, said["mapped"].append)
    assert isinstance(memory.split, Split)
    assert isinstance(disk.split, MappedSplit)
    own = [line for line in said["mapped"] if not line.startswith(("preparing", "prepared"))]
    assert own == said["always"]
    for part in ("train", "queries", "gallery", "unlabelled"):
        one, other = getattr(memory.clips, part), getattr(disk.clips, part)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one.sign, other.sign)
            np.testing.assert_array_equal(one.key, other.key)
            assert isinstance(other.sequences, MappedSequences)
            np.testing.assert_array_equal(one.sequences, other.sequences[:])
    assert disk.clips.fingerprint == memory.clips.fingerprint
    assert disk.clips.signs.tolist() == memory.clips.signs.tolist()
    assert disk.baseline.as_json() == memory.baseline.as_json()
    timed = {"val/rerank_ms"}
    curves = [
        [(loss, {k: v for k, v in figures.items() if k not in timed}) for loss, figures in found]
        for found in (curve(here, memory.clips), curve(there, disk.clips))
    ]
    assert curves[0] == curves[1]


def test_a_run_goes_on_where_its_clips_are_kept_otherwise(store: Path) -> None:
    here, there = (config(store, memory, optim={"epochs": 3}) for memory in ("always", "mapped"))
    memory, disk = (Material.read(c, lambda line: None).clips for c in (here, there))
    begun = build_training(here, memory)
    state: dict[str, Any] = {}

    def stop(epoch: Any) -> None:
        if epoch.number == 1:
            state.update(pickle.loads(pickle.dumps(begun.state())))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begun.run(stop)
    on = build_training(there, disk)
    on.restore(state)
    losses: list[float] = []
    on.run(lambda epoch: losses.append(epoch.loss))
    assert losses == [loss for loss, _ in curve(here, memory)][1:]


def test_the_rows_of_a_batch_are_neighbours(store: Path) -> None:
    settings = config(store, "mapped")
    clips = Material.read(settings, lambda line: None).clips
    sequences = clips.train.sequences
    assert isinstance(sequences, MappedSequences)
    counts = np.bincount(clips.train.sign)
    for batch in epoch_batches(settings.batches, clips.train.sign, np.random.default_rng(0)):
        rows = sequences.rows[batch]
        # The val clips of a sign lie between them.
        assert (np.ptp(rows, axis=1) < counts[clips.train.sign[batch[:, 0]]] + 2).all()


def test_what_travels_does_not_grow_with_the_clips_frames(store: Path) -> None:
    sizes = []
    for frames in (12, 24):
        settings = config(store, "mapped", prepare={"frames": frames})
        clips = Material.read(settings, lambda line: None).clips
        sizes.append(len(pickle.dumps(clips)))
        arrived = pickle.loads(pickle.dumps(clips))
        np.testing.assert_array_equal(arrived.queries.sequences[:3], clips.queries.sequences[:3])
        assert arrived.train.sequences.shards is arrived.queries.sequences.shards
    assert sizes[0] == sizes[1] < 50_000


def test_a_lower_limit_puts_them_on_disk(store: Path) -> None:
    for gib, kind in ((1, Split), (1e-4, MappedSplit), (None, Split)):
        settings = config(store, "auto", data={"memory_gib": gib})
        assert type(read_split(settings, lambda line: None)) is kind


def test_a_container_may_have_less_than_its_machine(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr("raysign.train.reading.LIMITS", (str(limit),))
    for text, kind in (("max\n", Split), ("100000\n", MappedSplit)):
        limit.write_text(text)
        assert type(read_split(config(store, "auto"), lambda line: None)) is kind


def test_the_synthetic_world_is_made_in_memory() -> None:
    world = {"store": "synthetic", "synthetic": WORLD.model_dump()}
    settings = {name: config("synthetic", name, data=world) for name in ("auto", "mapped")}
    assert isinstance(read_split(settings["auto"], lambda line: None), Split)
    with pytest.raises(ConfigError, match=r"mapped needs a store .* or data.memory=auto"):
        read_split(settings["mapped"], lambda line: None)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"empty_clips": "refuse"}, DataError),
        ({"store": "{store}:test"}, SealedSplitError),
        ({"store": "{store}:val"}, SplitError),
        ({"store": "{store}/nowhere"}, DataError),
    ],
)
@pytest.mark.parametrize("memory", ["auto", "mapped"])
def test_errors_are_the_same(
    store: Path, memory: str, data: dict[str, str], error: type[RaysignError]
) -> None:
    data = {key: value.format(store=store) for key, value in data.items()}
    messages = []
    for way in ("always", memory):
        with pytest.raises(error) as caught:
            read_split(config(store, way, data=data), lambda line: None)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
