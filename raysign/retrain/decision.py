"""A decision with its evidence: what is compared, what came out, and how people read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raysign.draw.markdown import table
from raysign.ranking import Resampling, short, spoken
from raysign.retrain.drift import Drift
from raysign.retrain.forgetting import Forgetting
from raysign.retrain.verdict import GATES, Found, Verdict, all_passed

if TYPE_CHECKING:
    from raysign.config import RetrainConfig
    from raysign.retrain.plan import Champion

EPOCHS = {
    "last": "the last epoch, which no query chose",
    "best": "the epoch with the best val mAP: the held-out queries are too kind to it",
}
LEFT_OUT = "do not ask, as candidate or champion trained on them"
NOT_KNOWN = (
    "what the champion trained on is not known, neither by its run nor by its store: it may have "
    "trained on queries, and these figures would be too kind to it"
)


@dataclass(frozen=True)
class Decision:
    """Whether the candidate takes the champion's place, and why."""

    model: str
    champion: str
    """The version that it was compared with; '' = the untrained nearest neighbour."""
    verdicts: tuple[Verdict, ...]
    drift: Drift
    forgetting: tuple[Forgetting, ...]
    """Of each protocol; none where there was no champion."""
    config: RetrainConfig
    recipe_of: str
    commit: str

    @classmethod
    def of(
        cls,
        found: Sequence[Found],
        champion: Champion | None,
        drift: Drift,
        config: RetrainConfig,
        recipe_of: str,
        commit: str,
    ) -> Decision:
        """Compare, by what every model found."""
        how = Resampling(resamples=config.resamples, seed=config.seed)
        forgetting: tuple[Forgetting, ...] = ()
        if champion is not None:
            signs = champion.bundle.signs
            forgetting = tuple(Forgetting.of(each, signs, how) for each in _different(found))
        return cls(
            config.model,
            "" if champion is None else champion.version.number,
            tuple(Verdict.of(each, how) for each in found),
            drift,
            forgetting,
            config,
            recipe_of,
            commit,
        )

    @property
    def better(self) -> bool:
        """Whether every gate lets the candidate through."""
        return all_passed(self.verdicts)

    @property
    def rival(self) -> str:
        """What it was compared with, in words."""
        if not self.champion:
            return "the untrained nearest neighbour"
        return f"the champion, version {self.champion}"

    @property
    def summary(self) -> str:
        """The decision in a sentence, with the figures that it rests on."""
        gates = [verdict for verdict in self.verdicts if verdict.gate]
        told = "; ".join(
            f"{v.name} {spoken(v.protocol.metric)} {v.by}" for v in gates if v.passed == self.better
        )
        if self.better:
            return f"passed every gate against {self.rival}: {told}"
        return f"did not pass against {self.rival}: {told}"

    def evidence(self) -> str:
        """The decision for a page of the registry, as Markdown."""
        rows = [
            [
                v.name,
                GATES[v.protocol.gate]
                + (f" by {v.protocol.margin:g}" if v.protocol.gate == "not_worse" else ""),
                spoken(v.protocol.metric),
                v.candidate.figures[v.protocol.metric],
                v.rival.figures[v.protocol.metric],
                v.by,
                ("yes" if v.passed else "**no**") if v.gate else "–",
                f"{v.seeds_pass} of {len(v.seeds)}" if v.gate else "–",
            ]
            for v in self.verdicts
        ]
        head = ["protocol", "gate", "metric", "candidate", "rival", "difference", "passed", "seeds"]
        sections = [
            f"**{self.summary[:1].upper()}{self.summary[1:]}.**",
            table(head, rows),
            "\n".join(f"- {line}" for line in self.facts()),
        ]
        lines = [*(line for each in self.forgetting for line in each.lines()), *self.drift.lines()]
        sections.append("\n".join(f"- {line}" for line in lines))
        return "\n\n".join(sections)

    def facts(self) -> list[str]:
        """How the candidate was made and measured, in lines."""
        config = self.config
        seeds = ", ".join(map(str, config.seeds))
        chosen = {
            "first": f"seed {config.seeds[0]}, the first, settled before any was measured",
            "ensemble": "the ensemble of all seeds, settled before any was measured",
        }[config.choose]
        told = [
            f"trained from {self.recipe_of}, seeds {seeds}; registered: {chosen}; kept: "
            f"{EPOCHS[config.epoch]}",
        ]
        for v in self.verdicts:
            each = ", ".join(short(seed.figures[v.protocol.metric].value) for seed in v.seeds)
            told.append(
                f"{v.name}: {v.card['protocol']}, {v.candidate.card()}; {v.card['signer_overlap']};"
                f" queries {v.data['queries']}, gallery {v.data['gallery']}; "
                f"{spoken(v.protocol.metric)} of the seeds {each}"
                + (f"; {v.left_out:,} query clips {LEFT_OUT}" if v.left_out else "")
            )
        if not all(v.champion_known for v in self.verdicts):
            told.append(NOT_KNOWN)
        told.append(
            f"intervals: 95 %, paired bootstrap over signs, {config.resamples:,} resamples, seed "
            f"{config.seed}; commit {self.commit or 'not known'}"
        )
        return told

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "model": self.model,
            "champion": self.champion or None,
            "better": self.better,
            "summary": self.summary,
            "protocols": [verdict.as_json() for verdict in self.verdicts],
            "drift": self.drift.as_json(),
            "forgetting": [each.as_json() for each in self.forgetting],
            "seeds": list(self.config.seeds),
            "chosen": self.config.choose,
            "epoch": self.config.epoch,
            "recipe_of": self.recipe_of,
            "commit": self.commit,
        }

    def metrics(self) -> dict[str, float]:
        """The figures by names that MLflow takes."""
        flat: dict[str, float] = {}
        for v in self.verdicts:
            flat |= v.candidate.as_metrics(f"{v.name}/")
            flat |= v.rival.as_metrics(f"champion/{v.name}/")
            for name, by in v.difference.items():
                flat[f"difference/{v.name}/{name}"] = by.value
                flat[f"difference/{v.name}/{name}_low"] = by.low
                flat[f"difference/{v.name}/{name}_high"] = by.high
        return flat


def _different(found: Sequence[Found]) -> list[Found]:
    """The first of those that differ in their metric or gate alone: they found the same."""
    told = {"metric", "gate", "margin"}
    first: dict[str, Found] = {}
    for each in found:
        first.setdefault(each.asked.protocol.model_dump_json(exclude=told), each)
    return list(first.values())
