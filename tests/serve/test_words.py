"""What comes in: a bad request costs no more than a good one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from raysign.serve import words

MANY = 100_000


@pytest.mark.parametrize("value", [0, "x"])
@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (words.Filter, "handshape"),
        (words.Filter, "location"),
        (words.Filter, "hands"),
        (words.SearchTakes, "takes"),
        (words.SearchLandmarks, "clips"),
    ],
)
def test_lists_end_at_their_first_mistake(
    kind: type[words.Given], field: str, value: object
) -> None:
    with pytest.raises(ValidationError) as error:
        kind.model_validate({field: [value] * MANY})
    assert error.value.error_count() < 3


@pytest.mark.parametrize(
    "kind",
    [
        words.Filter,
        words.Landmarks,
        words.NewClip,
        words.Part,
        words.SearchLandmarks,
        words.SearchTakes,
    ],
)
def test_keys_that_nobody_reads_are_one_mistake(kind: type[words.Given]) -> None:
    unread: dict[str, Any] = {str(number): 0 for number in range(MANY)}
    with pytest.raises(ValidationError, match="must have at most 50 keys") as error:
        kind.model_validate(unread)
    assert error.value.error_count() == 1


def test_all_words_are_found_in_one_place() -> None:
    assert all(hasattr(words, name) for name in words.__all__)
    assert words.Filter(handshape=("5",) * words.MOST_VALUES)
