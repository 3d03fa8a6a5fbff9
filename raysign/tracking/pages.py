"""A page of the registry as text: sections that raysign keeps up to date, and the card below them.

Sections begin with ``## ``, the card with the first ``# ``. Whoever writes one section leaves the
others as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

PAGE_CHARS = 5000
"""Longest page that a registry on MySQL or PostgreSQL takes."""
CARD_CHARS = 1500
"""What is left of it for the card; sections give way before that."""
CHAMPIONS, DECISION, OPENINGS = "Champions", "Decision", "The sealed test split"
ORDER = (DECISION, CHAMPIONS, OPENINGS)


@dataclass(frozen=True)
class Page:
    """What stands on a page; ``intro`` comes first and belongs to whoever writes the page."""

    card: str
    sections: Mapping[str, str] = field(default_factory=dict)
    intro: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """A page as the registry has it; a text without a card's heading is all card."""
        start = re.search(r"^# ", text, re.MULTILINE)
        if start is None:
            return cls(text)
        intro, *parts = re.split(r"^## (.+)\n", text[: start.start()], flags=re.MULTILINE)
        titles, bodies = parts[::2], (body.strip() for body in parts[1::2])
        return cls(text[start.start() :], dict(zip(titles, bodies, strict=True)), intro.strip())

    def having(self, sections: Mapping[str, str], intro: str | None = None) -> Self:
        """The same with these sections; one without text goes."""
        kept = {title: body for title, body in {**self.sections, **sections}.items() if body}
        return replace(self, sections=kept, intro=self.intro if intro is None else intro)

    def __str__(self) -> str:
        """The text, no longer than a registry takes: the decision is cut first, then the card."""
        known = [title for title in ORDER if title in self.sections]
        titles = [*known, *(title for title in self.sections if title not in ORDER)]
        others = sum(len(t) + len(self.sections[t]) + 8 for t in titles if t != DECISION)
        room = PAGE_CHARS - min(CARD_CHARS, len(self.card)) - len(self.intro) - others - 50
        bodies = {**self.sections}
        if DECISION in bodies:
            bodies[DECISION] = cut_section(bodies[DECISION], room)
        parts = [self.intro, *(f"## {title}\n\n{bodies[title]}" for title in titles)]
        head = "".join(f"{part}\n\n" for part in parts if part)
        return head + cut(self.card, PAGE_CHARS - len(head))


def cut(card: str, chars: int) -> str:
    """The config stands last, and stands in the bundle too: it may be cut."""
    if len(card) <= chars:
        return card
    head = card[: max(chars - 60, 0)].rpartition("\n")[0]
    fence = "\n```" if head.count("```") % 2 else ""
    return f"{head}{fence}\n\n… the rest stands in the bundle's README.md\n"


def cut_section(body: str, chars: int) -> str:
    """A section without the lines at its end that are too many."""
    if len(body) <= chars:
        return body
    kept = body[: max(chars - 50, 0)].rpartition("\n")[0].rstrip()
    return f"{kept}\n\n… the rest stands in the run's report"
