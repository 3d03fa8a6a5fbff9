"""An answer as scenes of a page and as lines of a terminal.

Labels come from outside: nothing in a line may move the cursor, change a colour or begin a line.
"""

from __future__ import annotations

from collections.abc import Iterator

from raysign.keywords.spans import iou
from raysign.search.answer import in_words, percent
from raysign.search.keywords.found import Found, FoundSentence, WordTrack
from raysign.search.lines import counted, plain, width
from raysign.search.timeline.scene import Curve, Mark, Scene
from raysign.search.timeline.spans import Span, as_array
from raysign.search.timeline.windows import fps_of

AGREE = 0.1
"""Where a word's best place and the example's share so much of their time (IoU), they agree. Words
are told by the peak of an attention, which is narrower than the sign."""
COSINES = (0.2, 1.0)
"""A curve of cosines goes from here to there: signs that are not alike have a little in common."""
EXAMPLE = "the example"
RESEMBLES = "how much sentences resemble the training sentences of each word asked for (TF-IDF)"
CONTEXT = {
    "tfidf": f"{RESEMBLES[0].upper()}{RESEMBLES[1:]} counts too",
    "mlp": "“How sure” takes the sentence's other words into account, by a network trained on them "
    "(MLP)",
}
"""What each model of context does to an answer."""
UNMEASURED_CONTEXT = {
    **CONTEXT,
    "tfidf": f"The order also goes by {RESEMBLES}; “how sure” is the model's own word, "
    "without that",
}
"""The same where it is not known how sure to be of a score."""


def asked(found: Found) -> str:
    """What was looked for, for people."""
    sought = [f"“{word}”" for word in found.words]
    if found.examples:
        sought.append(f"a sign like {' or '.join(found.examples)}")
    return " and ".join(sought)


def lines(found: Found) -> list[str]:
    """All of them."""
    return [plain(line) for line in _lines(found)]


def about(found: Found) -> tuple[str, ...]:
    """What holds of the answer as a whole, in sentences."""
    shown, searched = len(found.sentences), counted(found.searched, found.what)
    there = f"All {searched}" if shown == found.searched else f"{shown:,} of {searched}"
    told = [f"{there}, {_first(found)} first."]
    if shown == 1 == found.searched:
        told = [f"One {found.what} was searched."]
    context = CONTEXT if found.measured else UNMEASURED_CONTEXT
    if found.words and found.context in context:
        told.append(f"{context[found.context]}.")
    if found.cost:
        told.append(f"By example: {found.cost}.")
    return (*told, *(f"{note[0].upper()}{note[1:]}." for note in found.notes))


def _first(found: Found) -> str:
    """What stands first, and nothing that is not so."""
    if found.words and found.examples:
        return "those that both searches put in front"
    if found.examples:
        return "the nearest"
    likely = found.measured or found.context != "tfidf"
    return "the likeliest" if likely else "the best fitting"


def scenes(found: Found) -> tuple[Scene, ...]:
    """One for each sentence."""
    return tuple(map(_scene, found.sentences))


def agreed(found: FoundSentence) -> tuple[WordTrack, Span, Span] | None:
    """The first word whose place is the example's too: the word, its span, and the example's."""
    if found.example is None:
        return None
    examples = found.example.spans
    for track in found.words:
        if track.where is None:
            continue
        near = iou(as_array([track.where]), as_array(examples))[0]
        peaks = [span.first <= track.where.peak < span.end for span in examples]
        for span, share, inside in zip(examples, near.tolist(), peaks, strict=True):
            if share >= AGREE or inside:
                return track, track.where, span
    return None


def _scene(found: FoundSentence) -> Scene:
    sentence = found.sentence
    curves = [
        Curve(
            f"“{track.word}”, as high as it is sure",
            "word",
            track.attention / max(float(track.attention.max()), 1e-9) * track.confidence,
            shade=number,
        )
        for number, track in enumerate(found.words)
    ]
    marks = [
        Mark.of("word", f"“{track.word}”", track.where, _sure(track), shade=number)
        for number, track in enumerate(found.words)
        if track.where is not None
    ]
    if found.example is not None:
        curves.append(Curve("nearness to the example", "example", found.example.near, *COSINES))
        marks += [
            Mark.of("example", EXAMPLE, span, f"nearness {span.score:.2f} of 1")
            for span in found.example.spans[:2]
        ]
    if both := agreed(found):
        track, span, other = both
        first, end = max(span.first, other.first), min(span.end, other.end)
        marks.insert(0, Mark("both", f"“{track.word}” and the example", first, end, "they agree"))
    spans = zip(sentence.glosses, sentence.spans or (), strict=sentence.spans is not None)
    marks += [Mark("true", gloss, *span) for gloss, span in spans]
    return Scene(
        sentence.clip,
        f"{found.what.capitalize()} {sentence.clip.clip_id}",
        _how_sure(found),
        tuple(curves),
        tuple(marks),
        tuple(_facts(found)),
    )


def _facts(found: FoundSentence) -> Iterator[tuple[str, str]]:
    sentence = found.sentence
    if sentence.clip.sign:
        yield "sign", sentence.clip.sign
    if sentence.glosses:
        yield "signed", " ".join(sentence.glosses)
    if sentence.translation:
        yield "said", " ".join(sentence.translation)
    if sentence.clip.signer:
        yield "signer", sentence.clip.signer


def _how_sure(found: FoundSentence) -> str:
    told = []
    if found.confidence is not None:
        told.append(f"{in_words(found.confidence)}, {percent(found.confidence)}")
        if len(found.words) > 1:
            each = "; ".join(f"“{t.word}” {percent(t.confidence)}" for t in found.words)
            told[-1] += f" that all are in it ({each})"
    if found.example is not None:
        told.append(f"nearness to the example {found.example.best:.2f} of 1")
    return "; ".join(told)


def _sure(track: WordTrack) -> str:
    return f"{in_words(track.confidence)}, {percent(track.confidence)}"


def _lines(found: Found) -> Iterator[str]:
    table = [["", found.what, "how sure", "where", "example", "where", "sign", "signed", "said"]]
    for rank, one in enumerate(found.sentences, 1):
        sure = one.confidence
        table.append(
            [
                str(rank),
                one.sentence.clip.clip_id,
                "" if sure is None else f"{in_words(sure)}, {percent(sure)}",
                "; ".join(_where(one, t.where) for t in one.words if t.where),
                "" if one.example is None else f"{one.example.best:.3f}",
                "" if one.example is None else _where(one, one.example.spans[0]),
                one.sentence.clip.sign,
                " ".join(one.sentence.glosses),
                " ".join(one.sentence.translation),
            ]
        )
    columns = [c for c in zip(*table, strict=True) if any(c[1:])]
    cells = [[plain(cell) for cell in column] for column in columns]
    widest = [max(map(width, column)) for column in cells]
    for row in zip(*cells, strict=True):
        padded = (cell + " " * (wide - width(cell)) for cell, wide in zip(row, widest, strict=True))
        yield "  ".join(padded).rstrip()
    yield f"{counted(found.searched, found.what)} searched for {asked(found)}"
    if found.words and found.context in CONTEXT:
        yield f"note: {CONTEXT[found.context][:1].lower()}{CONTEXT[found.context][1:]}"
    if found.cost:
        yield f"by example: {found.cost}"
    for note in found.notes:
        yield f"note: {note}"


def _where(found: FoundSentence, span: Span) -> str:
    fps = fps_of(found.sentence.clip)
    return f"{span.first / fps:.2f}–{span.end / fps:.2f} s ({span.first}–{span.end})"
