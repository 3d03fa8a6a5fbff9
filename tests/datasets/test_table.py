from __future__ import annotations

from raysign.datasets.table import DATASETS


def test_every_dataset_says_where_it_is_and_on_what_terms() -> None:
    for name, dataset in DATASETS.items():
        assert dataset.name == name
        assert dataset.where.startswith("https://")
        assert dataset.notice().count("\n") == 0
        assert all(
            text in dataset.notice() for text in (dataset.where, dataset.licence, dataset.cite)
        )
        assert len(dataset.language) == 3
