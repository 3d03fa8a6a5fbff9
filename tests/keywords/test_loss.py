from __future__ import annotations

import pytest
import torch

from raysign.config import KeywordLossConfig
from raysign.keywords.loss import word_losses


@pytest.mark.parametrize(("reduce", "words"), [("mean", 1), ("sum", 5)])
def test_minus_the_log_of_what_is_right(reduce: str, words: int) -> None:
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 5, generator=random)
    labels = torch.rand(3, 5, generator=random) < 0.4
    p = logits.sigmoid()
    expected = -torch.where(labels, p, 1 - p).log().mean(dim=1) * words
    got = word_losses(logits, labels, KeywordLossConfig(reduce=reduce))  # type: ignore[arg-type]
    torch.testing.assert_close(got, expected)


def test_it_stays_finite_where_the_model_is_sure_and_wrong() -> None:
    logits = torch.tensor([[500.0, -500.0]], requires_grad=True)
    loss = word_losses(logits, torch.tensor([[False, True]]), KeywordLossConfig())
    assert loss.item() == 500
    loss.sum().backward()
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad, torch.tensor([[0.5, -0.5]]))
