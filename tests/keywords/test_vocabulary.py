from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysign.datasets.phoenix14t import read_sentences
from raysign.errors import DataError, WordError
from raysign.keywords.vocabulary import Vocabulary, tokenise
from raysign.sentences import Kind

WRITTEN = (("REGEN", "NORD", "REGEN"), ("SONNE",), (), ("NORD", "WIND"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("im nordosten bleibt es meist trocken", "im nordosten bleibt es meist trocken"),
        (
            "Im  Norden: „Regen“, – sonst 25-mal (Ost- und) Süd.",
            "im norden regen sonst 25-mal ost und süd",
        ),
        ("... -", ""),
        ("", ""),
    ],
)
def test_words_of_a_translation(text: str, words: str) -> None:
    assert tokenise(text) == tuple(words.split())


def test_glosses_keep_their_marks() -> None:
    marks = ("neg-REGEN", "__ON__", "loc-", "A+Z", "HABEN2", "cl-KOMMEN")
    assert tokenise(f" {'  '.join(marks)} ", "gloss") == marks


def test_a_vocabulary_is_sorted_and_counts_sentences_not_occurrences() -> None:
    vocabulary = Vocabulary.of(WRITTEN, "gloss")
    assert vocabulary.words == ("NORD", "REGEN", "SONNE", "WIND")
    assert Vocabulary.of(WRITTEN, "gloss", min_count=2).words == ("NORD",)
    assert [vocabulary.number(word) for word in vocabulary.words] == [0, 1, 2, 3]
    assert ("REGEN" in vocabulary, "regen" in vocabulary) == (True, False)


def test_labels_are_as_a_slow_loop_finds_them() -> None:
    vocabulary = Vocabulary.of(WRITTEN, "gloss")
    asked = (*WRITTEN, ("HAGEL", "WIND"))
    slow = [[word in words for word in vocabulary.words] for words in asked]
    np.testing.assert_array_equal(vocabulary.labels(asked), slow)
    slow_counts = [[words.count(word) for word in vocabulary.words] for words in asked]
    np.testing.assert_array_equal(vocabulary.counts(asked), slow_counts)
    assert vocabulary.labels(()).shape == (0, 4)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("regne", r"no gloss 'regne' among the 4 of the vocabulary; nearest: REGEN$"),
        ("nord", r"nearest: NORD$"),
        ("qqqq", r"vocabulary; it has NORD, REGEN, SONNE, …$"),
    ],
)
def test_a_word_outside(word: str, message: str) -> None:
    with pytest.raises(WordError, match=message):
        Vocabulary.of(WRITTEN, "gloss").number(word)


def test_no_vocabulary() -> None:
    with pytest.raises(DataError, match=r"none of 2 sentences has a word"):
        Vocabulary.of(((), ()), "translation")
    with pytest.raises(DataError, match=r"none of 4 different glosses stands in 3 .* one in 2; lo"):
        Vocabulary.of(WRITTEN, "gloss", min_count=3)
    with pytest.raises(DataError, match="there is no word to search for"):
        Vocabulary("translation", ())
    with pytest.raises(DataError, match="'a' is in the vocabulary more than once"):
        Vocabulary("translation", ("b", "a", "a"))


@pytest.mark.real
@pytest.mark.parametrize(
    ("kind", "train", "dev", "shared"), [("gloss", 1085, 393, 381), ("translation", 2887, 951, 894)]
)
def test_the_real_annotations_have_the_published_vocabularies(
    real_data: Path, kind: Kind, train: int, dev: int, shared: int
) -> None:
    """LREC 2020, section 4.1, gives train's; dev's are measured."""
    sentences = read_sentences(real_data / "phoenix14t")
    vocabularies = []
    for split in ("train", "val"):
        ours = [one for one in sentences if one.split == split]
        texts = [" ".join(one.glosses) if kind == "gloss" else one.translation for one in ours]
        vocabularies.append(Vocabulary.of(tuple(tokenise(t, kind) for t in texts), kind))
    assert [len(one) for one in vocabularies] == [train, dev]
    assert len({*vocabularies[0].words} & {*vocabularies[1].words}) == shared


@pytest.mark.parametrize(
    ("kind", "text", "meant"),
    [
        ("translation", "wetter", "wetter"),
        ("translation", " Wetter,", "wetter"),
        ("translation", "Wetter-", "wetter"),
        ("translation", "Wetter wetter", "Wetter wetter"),
        ("translation", "wettr", "wettr"),
        ("gloss", "regen", "REGEN"),
        ("gloss", "NEG-regen", "neg-REGEN"),
        ("gloss", "ix", "ix"),
        ("gloss", "IX", "IX"),
        ("gloss", "regn", "regn"),
    ],
)
def test_what_somebody_means(kind: Kind, text: str, meant: str) -> None:
    """Of IX and Ix nobody can say which one ``ix`` means."""
    words = ("wetter",) if kind == "translation" else ("IX", "Ix", "REGEN", "neg-REGEN")
    assert Vocabulary(kind, words).meant(text) == meant
