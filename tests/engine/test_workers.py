"""Two workers × half the batch do what one worker × the whole batch does, in real processes.

Without augmentation and dropout, whose draws differ from worker to worker: then a step's loss is
the same up to the rounding of a sum in another order (1e-5), and so are its gradients; the curve of
several steps, through which rounding grows, agrees to 1e-4. The two workers agree to the bit, in
losses, weights, proxies, averages, memories and figures.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import torch

from raysign import engine
from raysign.config import EncoderConfig, LossConfig
from raysign.engine import gathered_loss, world
from raysign.engine.workers import share_of_clips, share_of_signs
from raysign.errors import TrainingError

SCRIPT = Path(__file__).with_name("worker_process.py")
LOSSES = (
    "supcon",
    "supcon with memory",
    "arcface",
    "arcface with sub-centres",
    "arcface, batch norm",
    "proxy_nca",
    "supcon_arcface",
    "supcon_arcface with memory",
    "triplet",
    "triplet with memory",
    "cross_entropy",
    "cross_entropy, linear",
    "contrast",
    "supcon, conformer",
    "supcon, poseformer",
    "supcon, ensemble",
    "masked",
    "masked, convolutions",
)
BATCH_NORM = "arcface, batch norm"
"""Rounding turns a few of its ReLUs over, as it does between torch's own batch norm and ours on one
worker. Workers that each normed their own share would miss the first loss by 1 %."""
ENCODERS = get_args(get_args(EncoderConfig)[0])
KINDS = {kind.model_fields["kind"].default for kind in get_args(get_args(LossConfig)[0])}
Found = dict[str, dict[str, Any]]
pytestmark = pytest.mark.timeout(300)  # on a busy machine the two processes take long to start


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, Found, Found]:
    """What one worker alone found, and what each of two found."""
    folder = tmp_path_factory.mktemp("workers")
    results = [folder / "first.pt", folder / "second.pt"]
    processes = [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(rank), folder / "rendezvous", result],
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, result in enumerate(results)
    ]
    try:
        said = [process.communicate(timeout=280)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    first, second = (torch.load(result, weights_only=True) for result in results)
    return first["alone"], first["together"], second["together"]


def test_every_kind_is_among_them(found: tuple[Found, Found, Found]) -> None:
    assert set(LOSSES) >= KINDS
    trained = {found[0][name]["encoder"] for name in LOSSES}
    assert trained == {kind.model_fields["kind"].default for kind in ENCODERS}


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_of_a_step_is_that_of_the_whole_batch(
    loss: str, found: tuple[Found, Found, Found]
) -> None:
    one, first, second = (f[loss]["losses"][0] for f in found)
    assert first == second == pytest.approx(one, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradients_of_a_step_are_those_of_the_whole_batch(
    loss: str, found: tuple[Found, Found, Found]
) -> None:
    one, first, second = (f[loss]["first"]["gradients"] for f in found)
    assert one.keys() == first.keys() == second.keys()
    proxies = not loss.startswith(("triplet", "supcon", "contrast")) or "arcface" in loss
    assert any(name.startswith(("losses.", "decoder.")) for name in one) == proxies
    head = any({"head", "project", "token"} & {*name.split(".")} for name in one)
    assert head != loss.startswith("masked")
    for name, expected in one.items():
        assert torch.equal(first[name], second[name]), name
        if loss == BATCH_NORM:
            assert (first[name] - expected).norm() < 0.02 * expected.norm() + 1e-2
            continue
        # Some are 0 but for rounding: keys' biases, which softmax cannot see.
        close = {"rtol": 1e-5, "atol": 1e-5 * expected.abs().max().item() + 1e-7}
        torch.testing.assert_close(
            first[name], expected, **close, msg=lambda m, n=name: f"{n}: {m}"
        )
    assert max(g.abs().max() for g in one.values()) > 1e-3


@pytest.mark.parametrize("loss", LOSSES)
def test_a_few_steps_lead_to_the_same_weights(loss: str, found: tuple[Found, Found, Found]) -> None:
    one, first, second = (f[loss] for f in found)
    assert first["losses"] == second["losses"] == pytest.approx(one["losses"], rel=1e-4)
    assert one["losses"][-1] < one["losses"][0]
    assert all(torch.equal(w, second["weights"][name]) for name, w in first["weights"].items())
    if loss == BATCH_NORM:
        return
    step = one["first"]
    compared = 0
    for name, expected in one["weights"].items():
        if name not in step["gradients"]:  # a head that nothing is asked of
            assert torch.equal(first["weights"][name], expected)
            continue
        # Biases that softmax cannot see have only rounding errors for a gradient, of which Adam
        # makes steps as of any other.
        real = step["gradients"][name].abs() > 1e-4
        compared += int(real.sum())
        moved = (expected - step["weights"][name]).abs().max().item()
        close = {"rtol": 0, "atol": 0.02 * moved}
        torch.testing.assert_close(first["weights"][name][real], expected[real], **close)
    assert compared > 0.5 * sum(w.numel() for w in one["weights"].values())
    torch.testing.assert_close(first["embeddings"], one["embeddings"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_workers_keep_the_same_average_and_memory(
    loss: str, found: tuple[Found, Found, Found]
) -> None:
    one, first, second = (f[loss] for f in found)
    for part in ("kept", "loss_state"):
        assert first[part].keys() == one[part].keys()
        assert all(torch.equal(t, second[part][name]) for name, t in first[part].items())
    held = [name for name in one["loss_state"] if "memory" in name or "extra" in name]
    assert len(held) == 3 * ("memory" in loss)
    for name in held:
        # In the order of one worker alone: which sign stands where, and how far the ring is filled.
        torch.testing.assert_close(
            first["loss_state"][name], one["loss_state"][name], rtol=0, atol=1e-4
        )


@pytest.mark.parametrize("loss", LOSSES)
def test_every_worker_measures_what_one_alone_does(
    loss: str, found: tuple[Found, Found, Found]
) -> None:
    one, first, second = (f[loss] for f in found)
    assert first["metrics"] == second["metrics"]
    assert first["best_metrics"] == second["best_metrics"]
    assert first["best_metrics"]["val/queries"] == 13
    if loss == BATCH_NORM:
        return
    for got, expected in zip(first["metrics"], one["metrics"], strict=True):
        assert got == pytest.approx(expected, rel=1e-5)
    assert torch.equal(first["embeddings"], second["embeddings"])
    assert len(first["embeddings"]) == 13


def test_one_process_is_the_whole_world() -> None:
    assert world() == (0, 1)
    assert share_of_signs(7) == slice(0, 7)
    assert share_of_clips(3).tolist() == [0, 1, 2]


def test_two_workers_share_signs_and_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.workers, "world", lambda: (1, 2))
    assert share_of_signs(8) == slice(4, 8)
    assert share_of_clips(5).tolist() == [3, 4, 4]
    with pytest.raises(TrainingError, match=r"signs=7 .* 2 workers; type batches.signs=8"):
        share_of_signs(7)
    monkeypatch.setattr(engine.workers, "world", lambda: (3, 4))
    assert share_of_clips(2).tolist() == [1]


def test_alone_the_gathered_loss_is_the_loss() -> None:
    x, sign = torch.randn(4, 3, requires_grad=True), torch.tensor([0, 0, 1, 1])
    got = gathered_loss(torch.nn.CrossEntropyLoss(), x, sign)
    assert got.item() == torch.nn.CrossEntropyLoss()(x, sign).item()
