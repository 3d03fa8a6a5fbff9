"""An answer as lines for a terminal.

Labels come from outside: nothing in them may move the cursor, change a colour or begin a line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from raysign.gallery import Gallery
from raysign.search.answer import Answer, in_words, not_here, percent

JOINERS = "\u200c\u200d"
"""Which Persian words and some pictures need."""


def lines(answer: Answer, gallery: Gallery, notes: Sequence[str]) -> list[str]:
    """All of them; ``notes`` are the searcher's, of every answer by this scoring."""
    return [plain(line) for line in _lines(answer, gallery, notes)]


def plain(text: str) -> str:
    """What a terminal shows as it is: other characters stand as Python escapes them."""
    return "".join(
        character
        if character.isprintable() or character in JOINERS
        else character.encode("unicode_escape").decode()
        for character in text
    )


def counted(count: int, thing: str) -> str:
    """``1 piece``, ``2 pieces``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def width(text: str) -> int:
    """Cells of a terminal that a text fills; Chinese, Japanese and Korean take two a character."""
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):  # over the one before, or unseen
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _lines(answer: Answer, gallery: Gallery, notes: Sequence[str]) -> Iterator[str]:
    card, none = gallery.card, answer.none_of_these
    if answer.unknown and none is not None and card.confidence is not None:
        measured = "" if answer.notes else f"; {card.confidence.words()}"
        yield f"{not_here(none)} ({percent(none)}{measured})"
    yield from _signs(answer)
    if none is not None and not answer.unknown:
        yield f"none of these: {percent(none)}"
    for number, take in enumerate(answer.asked, 1):
        which = f"query {number}, " if answer.takes > 1 else "query "
        length = "" if take.seconds is None else f" ({take.seconds:.1f} s)"
        yield (
            f"{which}{take.name}: {take.frames:,} frames{length}, {take.signing_frames:,} from the "
            f"first hand to the last; hands seen in {100 * take.hands_seen:.0f} % of these"
        )
    for remark in answer.remarks:
        which = f" (query {remark.take})" if answer.takes > 1 else ""
        yield f"{remark.level}{which}: {remark.text}"
    for note in (*answer.notes, *notes):
        yield f"note: {note}"
    stages = ", ".join(f"{name} {_time(ms)}" for name, ms in answer.stages_ms.items())
    yield f"in {_time(answer.total_ms)}: {stages}"
    yield (
        f"model {card.model.name} ({card.model.layout}), gallery {gallery.folder}: "
        f"{card.counts.signs:,} signs, {card.counts.clips:,} clips"
    )


def _signs(answer: Answer) -> Iterator[str]:
    """Side by side, less the columns that nothing is in."""
    # whose score is the cosine
    by_cosine = answer.scoring in ("sign_max", "clip") and answer.rerank == "none"
    table = [["", "sign", "how sure", "cosine", "score", "nearest clip", "signer"]]
    for rank, found in enumerate(answer.signs, 1):
        sure = found.confidence
        table.append(
            [
                str(rank),
                plain(found.sign) or "(no sign)",
                "" if sure is None else f"{in_words(sure)}, {percent(sure)}",
                f"{found.cosine:.3f}",
                "" if by_cosine else f"{found.score:.3f}",
                plain(found.best.clip_id),
                plain(found.best.signer),
            ]
        )
    columns = [column for column in zip(*table, strict=True) if any(column[1:])]
    widest = [max(map(width, column)) for column in columns]
    for row in zip(*columns, strict=True):
        cells = (cell + " " * (wide - width(cell)) for cell, wide in zip(row, widest, strict=True))
        yield "  ".join(cells).rstrip()


def _time(ms: float) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.3g} ms"
