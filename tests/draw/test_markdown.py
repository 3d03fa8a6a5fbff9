from __future__ import annotations

from raysign.draw.markdown import table


def test_a_cell_of_others_breaks_no_row() -> None:
    assert table(["why"], [["a | b\nc"]]) == "| why |\n| --- |\n| a \\| b c |"
