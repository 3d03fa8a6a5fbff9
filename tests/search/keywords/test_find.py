"""Words, examples and both are found in sentences whose words are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from raysign.bundle import Bundle, KeywordBundle
from raysign.clip import Clip
from raysign.config import TrainConfig, resolve
from raysign.encoders import build_encoder
from raysign.errors import BundleError, DataError, LayoutError, WordError
from raysign.keywords.confidence import WordConfidence
from raysign.keywords.context import TfidfContext
from raysign.pose import Prepare
from raysign.search.keywords.find import find
from raysign.search.keywords.found import FoundSentence
from raysign.search.keywords.scenes import about, agreed, lines, scenes
from raysign.search.keywords.words import WordSearch, best_context, over_frames
from raysign.search.timeline.exemplars import ExemplarSearch
from raysign.search.timeline.spans import Span
from raysign.sentences import Sentences, SignedSentence
from raysign.skeleton import HOLISTIC75

Where = Callable[[SignedSentence, str], tuple[int, int]]


@pytest.fixture(scope="session")
def words(bundle: KeywordBundle) -> WordSearch:
    return WordSearch(bundle, "none")


@pytest.fixture(scope="session")
def encoder(config: TrainConfig) -> Bundle:
    """Untrained: it knows the very same frames again."""
    config = resolve(TrainConfig, config.model_dump())
    prepare = Prepare(config.prepare, HOLISTIC75)
    weights = build_encoder(config.encoder, prepare.channel_map).state_dict()
    return Bundle("holistic75", config, prepare.fingerprint, weights)


def example(sentence: SignedSentence, frames: tuple[int, int]) -> Clip:
    return Clip("own", sentence.clip.xyz[slice(*frames)], "holistic75", fps=25.0)


def test_sentences_with_a_word_come_first(
    words: WordSearch, sentences: Sentences, frames_of: Where
) -> None:
    for word in ("WORD2", "WORD5"):
        having = sum(word in glosses for glosses in sentences.glosses)
        found = find(sentences, words=[word], model=words, k=having)
        assert found.searched == 25
        assert [word in one.sentence.glosses for one in found.sentences].count(True) >= having - 1
        scores = [one.score for one in found.sentences]
        assert scores == sorted(scores, reverse=True)
        inside = []
        for one in found.sentences:
            (track,) = one.words
            assert one.confidence == track.confidence == one.score
            assert len(track.attention) == len(one.sentence.clip.xyz)
            assert track.attention.sum() == pytest.approx(1, abs=1e-4)
            assert track.where is not None
            if word in one.sentence.glosses:
                first, end = frames_of(one.sentence, word)
                inside.append(first <= track.where.peak < end)
                assert one.known(word)[0] == Span.around(first, end, 1.0)
        assert np.mean(inside) >= 0.8


def test_several_words_have_to_be_there_together(words: WordSearch, sentences: Sentences) -> None:
    both = find(sentences, words=["WORD1", "WORD3"], model=words, k=25)
    each = words.judge(sentences).confidence
    numbers = [words.vocabulary.number(word) for word in both.words]
    for one in both.sentences:
        assert one.confidence == pytest.approx(each[one.number, numbers].prod(), rel=1e-4)
        assert [track.word for track in one.words] == ["WORD1", "WORD3"]


def test_an_example_finds_its_own_sentence(encoder: Bundle, sentences: Sentences) -> None:
    sentence = sentences.sentence(7)
    search = ExemplarSearch(encoder, [example(sentence, (0, 12))])
    found = find(sentences, examples=search, named=["own"], k=3)
    best = found.sentences[0]
    assert (best.number, best.confidence, best.words) == (7, None, ())
    assert best.example is not None
    assert (best.example.spans[0].first, best.example.spans[0].end) == (0, 12)
    assert found.examples == ("own",)
    assert "windows in" in found.cost


def test_a_word_and_an_example_on_one_timeline(
    words: WordSearch, encoder: Bundle, sentences: Sentences
) -> None:
    row = next(i for i, glosses in enumerate(sentences.glosses) if glosses[0] == "WORD2")
    search = ExemplarSearch(encoder, [example(sentences.sentence(row), (0, 12))])
    found = find(sentences, words=["WORD2"], model=words, examples=search, named=["own"], k=25)
    one = next(one for one in found.sentences if one.number == row)
    both = agreed(one)
    assert both is not None
    assert both[0].word == "WORD2"
    (scene,) = [scene for scene in scenes(found) if scene.clip.clip_id == one.sentence.clip.clip_id]
    assert [curve.kind for curve in scene.curves] == ["word", "example"]
    assert scene.curves[0].values.max() == pytest.approx(one.words[0].confidence)
    assert [mark.kind for mark in scene.marks][:2] == ["both", "word"]
    assert [mark.label for mark in scene.marks if mark.kind == "true"] == list(one.sentence.glosses)
    text = "\n".join(lines(found))
    assert "25 sentences searched for “WORD2” and a sign like own" in text


def test_what_is_asked_for_wrongly(words: WordSearch, sentences: Sentences) -> None:
    with pytest.raises(WordError, match=r"no gloss 'wort2' among the 8 .*nearest: WORD2"):
        find(sentences, words=["WORD1", "wort2"], model=words)
    with pytest.raises(DataError, match="nothing to look for"):
        find(sentences, model=words)
    with pytest.raises(DataError, match="--model"):
        find(sentences, words=["WORD1"])
    hands = Clip("h", np.zeros((9, 42, 3)), "hands42")
    with pytest.raises(LayoutError, match="reads layout 'holistic75'"):
        find(Sentences.pack([SignedSentence(hands)]), words=["WORD1"], model=words)


def test_a_word_is_read_as_the_vocabulary_s_were(words: WordSearch, sentences: Sentences) -> None:
    found = find(sentences, words=["word2"], model=words, k=2)
    assert found.words == ("WORD2",)
    assert found.notes[0] == "“word2” is read as “WORD2”"
    assert "note: “word2” is read as “WORD2”" in lines(found)
    exact = find(sentences, words=["WORD2"], model=words, k=2)
    assert not any("is read as" in note for note in exact.notes)


def test_where_a_word_looks_is_told_of_what_ranked_it(
    words: WordSearch, sentences: Sentences
) -> None:
    """Not of the sentence prepared alone: its signer's dominant hand comes from all of them."""
    judged, sentence = words.judge(sentences), sentences.sentence(4)
    (track,) = words.tracks(judged, 4, sentence, [2])
    assert track.confidence == pytest.approx(judged.confidence[4, 2])
    prepared = judged.prepared.select(np.full(25, 4))
    (other,) = words.tracks(replace(judged, prepared=prepared), 3, sentence, [2])
    np.testing.assert_array_equal(other.attention, track.attention)
    assert other.confidence == pytest.approx(judged.confidence[3, 2])


def test_the_best_context_is_taken(bundle: KeywordBundle, sentences: Sentences) -> None:
    assert best_context(bundle) == WordSearch(bundle).context == "tfidf"
    plain, other = (WordSearch(bundle, name).judge(sentences).score for name in ("none", "mlp"))
    assert not np.allclose(plain, other)
    with pytest.raises(BundleError, match="no context 'lstm'; type --context none, tfidf, mlp"):
        WordSearch(bundle, "lstm")


def test_how_sure_is_what_scores_were_worth_on_val(
    bundle: KeywordBundle, sentences: Sentences
) -> None:
    known = {"none": WordConfidence(0.5, 1.0), "tfidf": WordConfidence(2.0, -1.0)}
    sure = replace(bundle, confidence=known)
    for name, confidence in known.items():
        plain, made = (WordSearch(b, name).judge(sentences) for b in (bundle, sure))
        np.testing.assert_array_equal(made.score, plain.score)
        np.testing.assert_allclose(made.confidence, confidence.of(plain.score))
        assert not np.allclose(made.confidence, plain.confidence)
    mlp, before = (WordSearch(b, "mlp").judge(sentences) for b in (sure, bundle))
    np.testing.assert_array_equal(mlp.confidence, before.confidence)


def test_several_words_are_ranked_by_what_is_shown(
    bundle: KeywordBundle, sentences: Sentences
) -> None:
    """Products of scores have another order than products of probabilities."""
    sure = replace(bundle, confidence={"none": WordConfidence(0.3, -1.5)})
    model = WordSearch(sure, "none")
    found = find(sentences, words=["WORD1", "WORD3"], model=model, k=25)
    shown = [one.confidence for one in found.sentences]
    assert all(one is not None for one in shown)
    assert shown == sorted(shown, key=lambda one: -(one or 0))
    scores = model.judge(sentences).score
    numbers = [model.vocabulary.number(word) for word in found.words]
    by_score = np.argsort(-scores[:, numbers].prod(axis=1), kind="stable")
    assert [one.number for one in found.sentences] != by_score.tolist()


@pytest.mark.parametrize("context", ["none", "tfidf", "mlp"])
def test_people_are_told_whether_it_was_measured(
    bundle: KeywordBundle, sentences: Sentences, context: str
) -> None:
    sure = replace(bundle, confidence={context: WordConfidence(0.5, 1.0)})
    told = {
        known: find(sentences, words=["WORD2"], model=WordSearch(one, context), k=3)
        for known, one in ((False, bundle), (True, sure))
    }
    for known, found in told.items():
        text = " ".join(about(found))
        assert ("how often a word was in the sentences of val" in text) == known
        assert ("nobody has measured" in text) != known
        assert ("the model's own word" in text) == (context == "tfidf" and not known)
        assert ("the best fitting" in text) == (context == "tfidf" and not known)
        assert found.as_json()["measured"] == known


def test_only_probabilities_are_shown(bundle: KeywordBundle, sentences: Sentences) -> None:
    """TF-IDF's is a cosine, for the most part: it orders, and nothing else."""
    context = bundle.contexts["tfidf"]
    assert isinstance(context, TfidfContext)
    near_zero = {**bundle.contexts, "tfidf": replace(context, gamma=0.06)}
    bundle = replace(bundle, contexts=near_zero)
    own, tfidf, mlp = (
        WordSearch(bundle, name).judge(sentences) for name in ("none", "tfidf", "mlp")
    )
    assert np.array_equal(tfidf.confidence, own.confidence)
    assert not np.allclose(tfidf.score, own.score)
    assert np.array_equal(mlp.confidence, mlp.score)
    found = find(sentences, words=["WORD2"], model=WordSearch(bundle, "tfidf"), k=25)
    number = bundle.vocabulary.number("WORD2")
    for one in found.sentences:
        assert one.confidence == pytest.approx(own.confidence[one.number, number])
        assert one.score == pytest.approx(tfidf.score[one.number, number])
    assert [one.score for one in found.sentences] == sorted(
        (one.score for one in found.sentences), reverse=True
    )


def test_what_stands_first_is_said_truly(bundle: KeywordBundle, sentences: Sentences) -> None:
    def told(context: str, k: int) -> str:
        return about(find(sentences, words=["WORD2"], model=WordSearch(bundle, context), k=k))[0]

    assert told("none", 3) == "3 of 25 sentences, the likeliest first."
    assert told("tfidf", 25) == "All 25 sentences, the best fitting first."


def test_clips_are_called_clips(words: WordSearch, sentences: Sentences) -> None:
    clips = [
        SignedSentence(replace(sentences.sentence(row).clip, sign=f"sign{row}")) for row in (0, 1)
    ]
    found = find(Sentences.pack(clips), words=["WORD2"], model=words)
    assert {scene.title.split()[0] for scene in scenes(found)} == {"Clip"}
    assert ("sign", "sign0") in [fact for scene in scenes(found) for fact in scene.facts]
    text = lines(found)
    assert text[0].split() == ["clip", "how", "sure", "where", "sign"]
    assert "2 clips searched for “WORD2”" in text
    one = find(Sentences.pack(clips[:1]), words=["WORD2"], model=words)
    assert "1 clip searched for “WORD2”" in lines(one)


def test_words_look_different(words: WordSearch, sentences: Sentences) -> None:
    (scene, *_) = scenes(find(sentences, words=["WORD1", "WORD3"], model=words, k=1))
    assert [curve.shade for curve in scene.curves] == [0, 1]
    marks = {mark.label: mark.shade for mark in scene.marks if mark.kind == "word"}
    assert marks == {"“WORD1”": 0, "“WORD3”": 1}


@pytest.mark.parametrize("frames", [1, 2, 7, 300])
def test_sentences_of_any_length_and_with_nobody(words: WordSearch, frames: int) -> None:
    clip = Clip("n", np.full((frames, 75, 3), np.nan), "holistic75", fps=50.0)
    found = find(Sentences.pack([SignedSentence(clip)]), words=["WORD0"], model=words)
    (track,) = found.sentences[0].words
    assert np.isfinite(track.attention).all()
    assert len(track.attention) == frames
    assert all(0 <= span.first < span.end <= frames for span in track.spans)


def test_attention_over_the_sentence_s_own_frames() -> None:
    own = over_frames(np.asarray([0.0, 1.0, 0.0], dtype=np.float32), 2.0, 6)
    assert own.tolist() == pytest.approx([0, 0.25, 0.5, 0.25, 0, 0])


def test_json(words: WordSearch, sentences: Sentences) -> None:
    found = find(sentences, words=["WORD4"], model=words, k=2).as_json()
    first = found["sentences"][0]
    assert (first["rank"], found["searched"], found["context"]) == (1, 25, "none")
    (word,) = first["words"]
    span = word["spans"][0]
    assert span["start_s"] == pytest.approx(span["first_frame"] / 25, abs=1e-3)
    assert isinstance(first["confidence"], float)
    assert FoundSentence(sentences.sentence(0), 0, 0.0).as_json()["glosses"]


def test_a_sentence_that_holds_the_example_itself_is_told(
    encoder: Bundle, sentences: Sentences
) -> None:
    rows = [*sentences]
    rows[3] = replace(rows[3], pieces=("a", "own"), signers=("me", "you"))
    search = ExemplarSearch(encoder, [example(rows[3], (0, 10))])
    found = find(Sentences.pack(rows), examples=search, named=["own"], k=25)
    assert "1 of the sentences below are composed of the example itself" in found.notes
    assert not find(sentences, examples=search, named=["own"], k=25).notes
