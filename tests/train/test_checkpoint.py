from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from raysign.cluster import Node, Resources
from raysign.config import TrainConfig, resolve
from raysign.errors import TrainingError
from raysign.train.checkpoint import (
    LOCK,
    check_claim,
    claim,
    last_state,
    load_state,
    save_state,
)
from raysign.train.on_ray import check_room


def config(**tree: object) -> TrainConfig:
    return resolve(TrainConfig, tree)


def test_a_folder_takes_one_run(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "mine"
    claim(folder, config(), "d1")
    # Where it runs may change.
    claim(folder, config(workers=2, device="cpu", threads=3), "d1")
    other = config(seed=5, loss={"kind": "arcface"})
    with pytest.raises(TrainingError) as caught:
        claim(folder, other, "d1")
    for part in ("loss.kind=supcon, now arcface", "loss.temperature=0.07, now unset", "seed=0"):
        assert part in str(caught.value)
    with pytest.raises(TrainingError, match="data d1, now d2"):
        claim(folder, config(), "d2")


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(TrainingError, match="something else than a training run"):
        claim(tmp_path, config(), "d1")
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_claim_whose_process_is_killed_can_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the opening of the file and its last byte."""

    def killed(path: Path, *_: object, **__: object) -> None:
        path.touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as short:
        short.setattr(Path, "write_text", killed)
        short.setattr(Path, "unlink", lambda path: None)
        with pytest.raises(KeyboardInterrupt):
            claim(tmp_path, config(), "d1")
    assert len(os.listdir(tmp_path)) == 1
    (tmp_path / LOCK).touch()
    assert not check_claim(tmp_path, config(), "d1")
    claim(tmp_path, config(), "d1")
    assert check_claim(tmp_path, config(), "d1")


def test_the_newest_state_counts_wherever_it_is(tmp_path: Path) -> None:
    assert last_state(tmp_path) is None
    for age, name in enumerate(("checkpoints", "ray/checkpoint_2", "ray/checkpoint_1")):
        save_state({"epoch": age}, tmp_path / name)
        os.utime(tmp_path / name / "training.pt", (100 - age, 100 - age))
    assert last_state(tmp_path) == {"epoch": 0}
    os.utime(tmp_path / "ray" / "checkpoint_1" / "training.pt", (200, 200))
    assert last_state(tmp_path) == {"epoch": 2}


def test_a_disk_that_is_full_leaves_the_last_state(tmp_path: Path) -> None:
    """In a process of its own, whose files may not grow."""
    save_state({"epoch": 1}, tmp_path)
    code = (
        "import resource, signal, sys, torch\n"
        "from raysign.train.checkpoint import save_state\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n    save_state({'epoch': 2, 'weights': torch.ones(100_000)}, sys.argv[1])\n"
        "except OSError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "the disk took only a part of it" in done.stdout
    assert load_state(tmp_path) == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["training.pt"]


def test_a_state_is_never_unpickled(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"epoch": Evil()}, tmp_path / "training.pt")
    with pytest.raises(Exception, match=r"(?i)weights_only|unsupported"):
        load_state(tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("nodes", "workers", "cpus"),
    [
        ((8,), 1, 8),
        ((8,), 3, 2),
        # No worker spreads over two nodes.
        ((8, 8), 1, 8),
        ((8, 8), 3, 4),
        ((3, 3), 4, 1),
    ],
)
def test_each_worker_gets_its_share_of_a_node(
    nodes: tuple[int, ...], workers: int, cpus: int
) -> None:
    sized = config(workers=workers, batches={"signs": 12 * workers})
    assert check_room(sized, Resources(tuple(map(Node, nodes)))) == (cpus, False)


def test_gpus_are_taken_where_every_worker_gets_one() -> None:
    two = config(workers=2)
    assert check_room(two, Resources((Node(8, 1), Node(8, 1)))) == (1, True)
    assert check_room(two, Resources((Node(8, 1),))) == (4, False)
    assert check_room(config(device="cpu"), Resources((Node(8, 1),))) == (8, False)


def test_too_small_a_cluster_says_what_to_type() -> None:
    with pytest.raises(TrainingError, match=r"workers=4, .* 2 CPUs.*type workers=2"):
        check_room(config(workers=4), Resources((Node(2),)))
    with pytest.raises(TrainingError, match=r"device=cuda .*0 GPUs; type device=cpu"):
        check_room(config(device="cuda"), Resources((Node(2),)))
