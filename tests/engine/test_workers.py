"""Two workers × half the batch do what one worker × the whole batch does, in real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

SCRIPT = Path(__file__).with_name("worker_process.py")
LOSSES = ("supcon", "arcface", "supcon_arcface")
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


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_of_a_step_is_that_of_the_whole_batch(
    loss: str, found: tuple[Found, Found, Found]
) -> None:
    (one,), (first,), (second,) = (f[f"{loss}, 1"]["losses"] for f in found)
    assert first == second == pytest.approx(one, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradients_of_a_step_are_those_of_the_whole_batch(
    loss: str, found: tuple[Found, Found, Found]
) -> None:
    one, first, second = (f[f"{loss}, 1"]["gradients"] for f in found)
    assert one.keys() == first.keys() == second.keys()
    assert any(name.endswith(".W") for name in one) == ("arcface" in loss), "the proxies'"
    for name, expected in one.items():
        assert torch.equal(first[name], second[name]), name
        # Some are 0 but for rounding: keys' biases, which softmax cannot see.
        close = {"rtol": 1e-5, "atol": 1e-5 * expected.abs().max().item() + 1e-7}
        torch.testing.assert_close(
            first[name], expected, **close, msg=lambda m, n=name: f"{n}: {m}"
        )
    assert max(g.abs().max() for g in one.values()) > 1e-3


@pytest.mark.parametrize("loss", LOSSES)
def test_a_few_steps_lead_to_the_same_weights(loss: str, found: tuple[Found, Found, Found]) -> None:
    one, first, second = (f[f"{loss}, 5"] for f in found)
    assert first["losses"] == second["losses"] == pytest.approx(one["losses"], rel=1e-4)
    assert one["losses"][-1] < one["losses"][0]
    assert all(torch.equal(w, second["weights"][name]) for name, w in first["weights"].items())
    step = found[0][f"{loss}, 1"]
    compared = 0
    for name, expected in one["weights"].items():
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
def test_every_worker_measures_what_one_alone_does(
    loss: str, found: tuple[Found, Found, Found]
) -> None:
    one, first, second = (f[f"{loss}, 5"] for f in found)
    assert first["metrics"] == second["metrics"]
    assert first["best_metrics"] == second["best_metrics"]
    assert first["best_metrics"]["val/queries"] == 13
    for got, expected in zip(first["metrics"], one["metrics"], strict=True):
        assert got == pytest.approx(expected, rel=1e-5)
    assert torch.equal(first["embeddings"], second["embeddings"])
    assert len(first["embeddings"]) == 13
