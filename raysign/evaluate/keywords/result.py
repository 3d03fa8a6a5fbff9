"""A keyword model's figures, and all that must travel with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from raysign.evaluate.keywords.searching import Read
from raysign.evaluate.keywords.system import (
    System,
    differences_json,
    differences_line,
    figures_json,
)
from raysign.evaluate.record import opened_line
from raysign.keywords.confidence import SHOWN, error_of
from raysign.keywords.context import PLAIN
from raysign.keywords.localisation import Localisation
from raysign.keywords.metrics import KEYWORD_METRICS
from raysign.keywords.resampled import Resampled
from raysign.ranking import Difference, Figure, Resampling, short

CONTEXTS = {PLAIN: "no context", "tfidf": "TF-IDF context", "mlp": "MLP context"}
"""For people."""


@dataclass(frozen=True)
class Calibrated:
    """How true the probabilities are that people read of each word's likeliest sentences, and the
    scores that they are made of: calibration errors, see
    :func:`raysign.keywords.confidence.error_of`.
    """

    error: Figure
    of_scores: Figure

    @classmethod
    def of(cls, read: Read, how: Resampling) -> Calibrated:
        """Measure what was read."""
        return cls(
            *(error_of(each, read.true, read.row, **how) for each in (read.said, read.score))
        )

    def as_json(self) -> dict[str, float]:
        """Both with their ends, flat."""
        flat: dict[str, float] = {}
        for name, figure in (("error", self.error), ("error_of_scores", self.of_scores)):
            flat |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
        return flat


@dataclass(frozen=True, eq=False)
class KeywordEvaluation:
    """One model on one selection of sentences."""

    systems: Mapping[str, System]
    """``none``: the model's own predictions; then one for each of its context models."""
    frequency: System
    """The baseline that gives each word its frequency in training, in every sentence."""
    chance: Mapping[str, float]
    """Sentences in random order."""
    floor: Resampled
    """The better of both in each figure: see :func:`raysign.keywords.baselines.floor`."""
    confidence: Mapping[str, Calibrated]
    """By the same names, of those of which the model knows how sure to be."""
    located: Localisation | None
    """How well glosses were found in time; None where the times are not known, or of words."""
    card: dict[str, Any]

    @property
    def gains(self) -> dict[str, dict[str, Difference]]:
        """Each context model − none, in pairs."""
        plain = self.systems[PLAIN]
        return {name: s.less(plain) for name, s in self.systems.items() if name != PLAIN}

    @property
    def above_floor(self) -> dict[str, Difference]:
        """The model's own predictions − the floor, in pairs."""
        drawn = self.systems[PLAIN].drawn
        return {name: drawn.less(self.floor, name) for name in KEYWORD_METRICS}

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
                "floor": figures_json(self.floor),
                "above_floor": differences_json(self.above_floor),
            },
            "confidence": {name: one.as_json() for name, one in self.confidence.items()},
            "localisation": self.located.as_json() if self.located else None,
            "card": self.card,
        }

    def lines(self) -> list[str]:
        """Everything for people, line by line."""
        plain = self.systems[PLAIN]
        figures = plain.figures
        lines = [plain.line(), self.measured_on(), *self.seen_before()]
        lines.append(
            f"maxF1 at threshold {figures.threshold:.3g}: precision {short(figures.precision)}, "
            f"recall {short(figures.recall)}; a word that retrieves nothing counts 0 "
            f"(left out: {short(figures.max_f1_by['left_out'])}, "
            f"as 1: {short(figures.max_f1_by['one'])})"
        )
        for name, by in self.gains.items():
            lines.append(f"with {CONTEXTS.get(name, name)}: {self.systems[name].line()}")
            lines.append(f"the difference to none: {differences_line(by)}")
        lines.append(
            f"chance: mAP {self.floor.figure('map')} (a random order)  maxF1 "
            f"{short(self.chance['max_f1'])} (everything retrieved)"
        )
        lines.append(f"by frequency in training alone (all tie): {self.frequency.line()}")
        lines.append(f"the model less the better of both: {differences_line(self.above_floor)}")
        lines.append(self._how_sure())
        if self.located:
            lines += located_lines(self.located)
        return [*lines, *self._origin()]

    def _how_sure(self) -> str:
        if not self.confidence:
            return "how sure it is of a word was never measured: its scores are shown as they are"
        each = "; ".join(
            f"{CONTEXTS.get(name, name)} {one.error} (its scores {one.of_scores})"
            for name, one in self.confidence.items()
        )
        return (
            f"how sure it is of each word's {SHOWN} likeliest sentences is off by (calibration "
            f"error, root mean square): {each}"
        )

    def measured_on(self) -> str:
        """Sentences, words, positives a word, signers, in one line."""
        figures = self.systems[PLAIN].figures
        left = f" ({figures.words_left_out:,} more are in no sentence)"
        return (
            f"{figures.words:,} {self.card['words']}{left if figures.words_left_out else ''}, "
            f"{figures.sentences:,} sentences, {figures.positives_per_word:.1f} positives a word, "
            f"{self.card['signers']} ({self.card['signer_overlap']}), {self.card['sentences']}"
        )

    def seen_before(self) -> list[str]:
        """What of these sentences the model knows already, in a line each; none where nothing."""
        card, told = self.card, []
        if card["trained_on_left_out"]:
            told.append(
                f"{card['trained_on_left_out']:,} sentences of {card['sentences']} were trained "
                "on: left out"
            )
        if card["tuned_on"]:
            chose = "chose" if card["tuned_on_known"] else "may have chosen"
            stop = " and when its MLP context stopped" if "mlp" in self.systems else ""
            told.append(
                f"{card['tuned_on']:,} of these sentences {chose} the model's epoch{stop}: of "
                "others expect less"
            )
        if card["gamma_crossed"]:
            one, other = card["gamma_crossed"]
            told.append(
                f"γ of TF-IDF context was chosen on them too: here, for each half of them by the "
                f"other half ({one:g} and {other:g})"
            )
        return told

    def _origin(self) -> list[str]:
        model = self.card["model"]
        lines = [
            *(f"note: {line}" for line in self.card.get("notes", ())),
            self.card["intervals"],
            f"model {model['name']}: {model['encoder']}, {model['joints']} joints, trained on "
            f"{model['trained_on']['store']}, seed {model['trained_on']['seed']}",
        ]
        return [*lines, *filter(None, [opened_line(self.card)])]


def located_lines(located: Localisation) -> list[str]:
    """Where the glosses were found, for people."""
    at = "  ".join(f"mAP at IoU {iou:.1f} {short(v)}" for iou, v in located.map_at.items())
    return [
        f"pointing accuracy {located.pointing} (a random frame {short(located.chance)}, the "
        f"middle frame {short(located.middle)})  IoU {located.iou}  {at}",
        f"located: {located.pairs:,} times a gloss is in a sentence, {located.words:,} glosses, "
        f"{located.sentences:,} sentences",
    ]
