from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysign.datasets.asl_lex import ASL_LEX, FEATURES, Phonology
from raysign.errors import DataError
from raysign.ranking import agreement

ROWS = {
    "about_1": ("about", "i", "FullyOpen", "Hand", "HandAway", "Circular", "Asymmetrical"),
    "about_2": ("about", "i", "FullyOpen", "Hand", "HandAway", "Straight", "Asymmetrical"),
    "thank_you": ("thank_you", "imrp", "FullyOpen", "Head", "Chin", "Straight", "OneHanded"),
    "1_dollar": ("1_dollar", "imrp", "Curved", "Hand", "FingerBack", "Straight", "Asymmetrical"),
    "Q_tip": ("ear", "t", "", "Head", "Other", "", "OneHanded"),
    "dont_want": ("dont_want", "t", "", "Head", "Chin", "", "OneHanded"),
    "dog": ("dog", "i", "Flat", "Neutral", "Neutral", "", "OneHanded"),
    "bathroom": ("wash_room", "i", "Flat", "Body", "Hips", "", "OneHanded"),
    "toilet": ("wash_room", "i", "Flat", "Body", "Hips", "", "OneHanded"),
    "dog_3": ("dog", "i", "Flat", "Body", "Hips", "", "OneHanded"),
}


def text(rows: dict[str, tuple[str, ...]] = ROWS) -> str:
    header = ",".join(("EntryID", "LemmaID", *FEATURES, "Iconicity(M)"))
    return "\n".join((header, *(",".join((entry, *row, "1.0")) for entry, row in rows.items())))


Write = Callable[[dict[str, str | None]], Path]


@pytest.fixture
def phonology(write: Write) -> Phonology:
    return Phonology.read(write({"signdata.csv": text()}) / "signdata.csv")


@pytest.mark.parametrize(
    ("gloss", "entries"),
    [
        ("about", ["about_1", "about_2"]),
        ("ABOUT", ["about_1", "about_2"]),
        ("about_2", ["about_2"]),
        ("Thank you", ["thank_you"]),
        ("thank-you", ["thank_you"]),
        ("don't want", ["dont_want"]),
        ("1_dollar", ["1_dollar"]),
        ("dollar", []),
        ("q tip", ["Q_tip"]),
        ("ear", ["Q_tip"]),
        ("dog", ["dog", "dog_3"]),
        ("DOG3", ["dog_3"]),
        ("ABOUT1", ["about_1"]),
        ("bathroom", ["bathroom"]),
        ("toilet", ["toilet"]),
        ("wash_room", ["bathroom", "toilet"]),
        ("dog9", ["dog", "dog_3"]),
        ("9", []),
        ("", []),
    ],
)
def test_a_gloss_names_entries(phonology: Phonology, gloss: str, entries: list[str]) -> None:
    assert [phonology.entries[place] for place in phonology.entries_of(gloss)] == entries


def test_likeness_is_the_share_of_features_and_of_variants_the_mean(phonology: Phonology) -> None:
    known, likeness = phonology.likeness(["nobody", "thank you", "about_1", "ear", "about"])
    assert known.tolist() == [1, 2, 3, 4]
    thanks, about_1, ear, about = range(4)
    assert likeness[thanks, about_1] == pytest.approx(1 / 6)
    assert likeness[thanks, ear] == pytest.approx(2 / 6)
    assert likeness[thanks, about] == pytest.approx((1 / 6 + 2 / 6) / 2)
    assert likeness[about_1, about] == pytest.approx((1 + 5 / 6) / 2)
    np.testing.assert_allclose(likeness, likeness.T)
    nobody = phonology.likeness(["nobody"])
    assert (nobody[0].shape, nobody[1].shape) == ((0,), (0, 0))


def test_an_empty_cell_is_a_value(phonology: Phonology) -> None:
    _, likeness = phonology.likeness(["ear", "don't want"])
    assert likeness[0, 1] == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("EntryID,LemmaID\nbook,book\n", "lacks the columns SelectedFingers.2.0, Flexion.2.0"),
        (text({}), "has no sign"),
        (text() + "\nbook,book\n", "line 12: must have 9 fields, has 2"),
        (None, "lacks the columns EntryID"),
    ],
)
def test_other_tables_are_refused(write: Write, content: str | None, message: str) -> None:
    path = write({"a.csv": content}) / "a.csv"
    with pytest.raises(DataError, match=message) as caught:
        Phonology.read(path)
    assert ASL_LEX.where in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*No such file.*--phonology takes ASL-LEX"):
        Phonology.read(tmp_path / "nowhere.csv")


@pytest.mark.real
def test_the_table_itself(real_data: Path) -> None:
    """It counts neighbours too: signs that share 2 of 3 parameters; empty cells are equal there."""
    path = real_data / "asl_lex" / "phonology.csv"
    phonology = Phonology.read(path)
    assert len(phonology.entries) == 2723
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    parameters = ("Handshape.2.0", "MajorLocation.2.0", "Movement.2.0")
    codes = [np.unique([row[c] for row in rows], return_inverse=True)[1] for c in parameters]
    shares = agreement(np.stack(codes, axis=1), np.ones(3))
    counted = (shares > 0.5).sum(axis=1) - 1
    published = np.array([int(row["Parameter.Neighborhood.Density.2.0"]) for row in rows])
    assert np.corrcoef(counted, published)[0, 1] > 0.99
    without_path = np.array([row["Movement.2.0"] == "" for row in rows])
    assert (counted == published)[without_path].mean() > 0.6
    known, likeness = phonology.likeness(["book", "tiramisu", "Thank you", "drink"])
    assert known.tolist() == [0, 2, 3]
    assert likeness[0, 0] == pytest.approx(1)
    assert likeness[2, 2] < 1, "drink has variants that differ"
