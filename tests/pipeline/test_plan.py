"""Rows, cut into parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from raysign.errors import DataError
from raysign.pipeline.plan import Plan


def test_parts_cover_every_row_once(fake: Any) -> None:
    plan = Plan(tuple(fake.rows(50)), 8)
    assert [n for part in plan.parts for n in plan.rows_of(part)] == list(range(50))
    assert all(plan.part_of(n) == part for part in plan.parts for n in plan.rows_of(part))
    assert list(Plan(tuple(fake.rows(16)), 8).parts) == [0, 1]


def test_what_is_finished_is_not_to_do(fake: Any) -> None:
    plan = Plan(tuple(fake.rows(20)), 8)
    assert [n for n, _ in plan.todo({0, 2})] == list(range(8, 16))


def test_the_fingerprint_sees_every_field_and_the_order(fake: Any) -> None:
    made = fake.rows(5)
    changed = [
        replace(made[0], sign="other"),
        replace(made[0], end_s=1.5),
        replace(made[0], path="elsewhere.mp4"),
    ]
    prints = {Plan(tuple([one, *made[1:]]), 8).fingerprint for one in [made[0], *changed]}
    prints.add(Plan(tuple(made[::-1]), 8).fingerprint)
    assert len(prints) == 5
    assert Plan(tuple(made), 4).fingerprint in prints, "how they are cut says nothing of them"
    assert Plan(tuple(fake.rows(5)), 8).fingerprint in prints


def test_repeated_ids(fake: Any) -> None:
    made = fake.rows(4)
    plan = Plan((*made, made[1], made[1]), 8)
    assert list(plan.repeated) == [4, 5]
    assert [n for n, _ in plan.todo(())] == [0, 1, 2, 3]


def test_nothing_to_do(fake: Any) -> None:
    with pytest.raises(DataError):
        Plan((), 8)
