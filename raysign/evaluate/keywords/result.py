"""A keyword model's figures, and all that must travel with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from raysign.evaluate.keywords.searching import PLAIN
from raysign.evaluate.keywords.system import System, differences_json, differences_line
from raysign.keywords.localisation import Localisation
from raysign.ranking import Difference, short

CONTEXTS = {PLAIN: "no context", "tfidf": "TF-IDF context", "mlp": "MLP context"}
"""For people."""
CHOICES = {"zero": "0", "left_out": "left out", "one": "1"}
"""What counts where a word retrieves nothing, for people."""


@dataclass(frozen=True, eq=False)
class KeywordEvaluation:
    """One model on one selection of sentences."""

    systems: Mapping[str, System]
    """``none``: the model's own predictions; then one for each of its context models."""
    frequency: System
    """The baseline that gives each word its frequency in training, in every sentence."""
    chance: Mapping[str, float]
    """Sentences in random order."""
    located: Localisation | None
    """How well glosses were found in time; None where the times are not known, or of words."""
    card: dict[str, Any]

    @property
    def gains(self) -> dict[str, dict[str, Difference]]:
        """Each context model − none, in pairs."""
        plain = self.systems[PLAIN]
        return {name: s.less(plain) for name, s in self.systems.items() if name != PLAIN}

    @property
    def above_frequency(self) -> dict[str, Difference]:
        """The model's own predictions − the frequencies, in pairs."""
        return self.systems[PLAIN].less(self.frequency)

    def as_json(self) -> dict[str, Any]:
        """One object: the model's own figures flat, its context models', baselines and the card."""
        plain, gains = self.systems[PLAIN], self.gains
        return {
            **plain.as_json(),
            "contexts": {
                name: {**system.as_json(), "gain": differences_json(gains[name])}
                for name, system in self.systems.items()
                if name != PLAIN
            },
            "baselines": {
                "chance": dict(self.chance),
                "frequency": self.frequency.as_json(),
                "above_frequency": differences_json(self.above_frequency),
            },
            "localisation": self.located.as_json() if self.located else None,
            "card": self.card,
        }

    def lines(self) -> list[str]:
        """Everything for people, line by line."""
        plain = self.systems[PLAIN]
        figures = plain.figures
        lines = [plain.line(), self.measured_on()]
        lines.append(
            f"maxF1 at threshold {figures.threshold:.3g}: precision {short(figures.precision)}, "
            f"recall {short(figures.recall)}; a word that retrieves nothing counts 0 "
            f"(left out: {short(figures.max_f1_by['left_out'])}, "
            f"as 1: {short(figures.max_f1_by['one'])})"
        )
        for name, by in self.gains.items():
            lines.append(f"with {CONTEXTS.get(name, name)}: {self.systems[name].line()}")
            lines.append(f"the difference to none: {differences_line(by)}")
        lines.append(f"by frequency in training alone: {self.frequency.line()}")
        lines.append(f"the model less that: {differences_line(self.above_frequency)}")
        lines.append(
            f"chance: mAP {short(self.chance['map'])}  maxF1 {short(self.chance['max_f1'])} "
            "(everything retrieved)"
        )
        if self.located:
            lines += located_lines(self.located)
        return [*lines, *self._origin()]

    def measured_on(self) -> str:
        """Sentences, words, positives a word, signers, in one line."""
        figures = self.systems[PLAIN].figures
        left = f" ({figures.words_left_out:,} more are in no sentence)"
        return (
            f"{figures.words:,} {self.card['words']}{left if figures.words_left_out else ''}, "
            f"{figures.sentences:,} sentences, {figures.positives_per_word:.1f} positives a word, "
            f"{self.card['signers']}"
        )

    def _origin(self) -> list[str]:
        model = self.card["model"]
        lines = [
            self.card["intervals"],
            f"model {model['name']}: {model['encoder']}, {model['joints']} joints, trained on "
            f"{model['trained_on']['store']}, seed {model['trained_on']['seed']}",
        ]
        if self.card["opened_test"]:
            lines.append("the sealed test split was opened for this; MLflow has a record of it")
        return lines


def located_lines(located: Localisation) -> list[str]:
    """Where the glosses were found, for people."""
    at = "  ".join(f"mAP at IoU {iou:.1f} {short(v)}" for iou, v in located.map_at.items())
    return [
        f"pointing accuracy {located.pointing} (a random frame {short(located.chance)}, the "
        f"middle frame {short(located.middle)})  IoU {located.iou}  {at}",
        f"located: {located.pairs:,} times a gloss is in a sentence, {located.words:,} glosses, "
        f"{located.sentences:,} sentences",
    ]
