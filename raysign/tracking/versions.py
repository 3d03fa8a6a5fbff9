"""The versions of a registered model: told apart, listed, and their pages kept up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raysign.errors import TrackingError
from raysign.tracking.champions import ALIAS, Move, champions_section, moves_in
from raysign.tracking.openings import WEIGHTS, Opening, all_openings, count, openings_section
from raysign.tracking.pages import CHAMPIONS, DECISION, OPENINGS, Page
from raysign.tracking.quiet import mlflow_calls

if TYPE_CHECKING:
    from raysign.tracking.tracker import Tracker

USUAL = "raysign-encoder"
OPENED = "test_openings"
"""The tag that says how often a version's test split was opened."""
DECIDED = "decision"
PASSES = 10
"""How often pages are written before others are let write them."""
SURE_CHARS = 200
"""What a cut section has of its text at least."""


@dataclass(frozen=True)
class Version:
    """One version of a registered model."""

    name: str
    number: str
    aliases: tuple[str, ...]
    run_id: str
    created_ms: int
    tags: Mapping[str, str]
    """What it is: ``encoder``, ``layout``, ``val/map``, ``commit``, ``data_fingerprint``, …"""

    @property
    def uri(self) -> str:
        """What to give as MODEL."""
        return f"models:/{self.name}/{self.number}"

    @property
    def weights(self) -> str:
        """The sha256 of its weights; '' where it is not known."""
        return self.tags.get(WEIGHTS, "")

    @property
    def test_openings(self) -> int:
        return int(self.tags.get(OPENED, "0"))


def versions_of(tracker: Tracker, name: str) -> tuple[Version, ...]:
    """All versions, the newest first; none where there is no such model."""
    with mlflow_calls(f"MLflow at {tracker.uri} does not list the versions of {name!r}"):
        found = tracker.client.search_model_versions(f"name = '{_plain(name)}'")
        aliases = _aliases(tracker, name) if found else {}
    versions = [_version(each, aliases) for each in found]
    return tuple(sorted(versions, key=lambda version: -int(version.number)))


def champion_version(tracker: Tracker, name: str) -> Version | None:
    """The version that is the champion; None where none is, or there is no such model."""
    return next((v for v in versions_of(tracker, name) if ALIAS in v.aliases), None)


def version_of(tracker: Tracker, name: str, which: str) -> Version:
    """The version of that number or alias; ``TrackingError`` where there is none."""
    there = versions_of(tracker, name)
    for version in there:
        if which == version.number or which in version.aliases:
            return version
    names = ", ".join(" ".join((v.number, *(f"@{a}" for a in v.aliases))) for v in there[:8])
    raise TrackingError(
        f"{name} has no version {which!r} in MLflow at {tracker.uri}; "
        + (f"it has {names}" if there else "nothing is registered under that name")
    )


def version_of_run(tracker: Tracker, run_id: str) -> Version | None:
    """The newest version that a run made; None where it made none."""
    with mlflow_calls(f"MLflow at {tracker.uri} does not tell what run {run_id!r} registered"):
        found = tracker.client.search_model_versions(f"run_id = '{_plain(run_id)}'")
        newest = max(found, key=lambda each: int(each.version), default=None)
        return None if newest is None else _version(newest, _aliases(tracker, newest.name))


def moves_of(tracker: Tracker, name: str) -> tuple[Move, ...]:
    """Every champion that a model had, oldest first."""
    with mlflow_calls(f"MLflow at {tracker.uri} does not tell the champions of {name!r}"):
        return moves_in(tracker.client, name)


def model_names(tracker: Tracker) -> tuple[str, ...]:
    """The registered models that raysign made."""
    with mlflow_calls(f"MLflow at {tracker.uri} does not list its models"):
        found = tracker.client.search_model_versions("tags.prepare_fingerprint != ''")
    return tuple(sorted({str(each.name) for each in found}))


def registered_as(tracker: Tracker, model: str, weights: str) -> set[tuple[str, str]]:
    """Names and numbers of the versions that hold those weights, or that MODEL names."""
    found = set[tuple[str, str]]()
    with mlflow_calls(f"MLflow at {tracker.uri} does not find the versions of {model!r}"):
        if weights:
            same = tracker.client.search_model_versions(f"tags.{WEIGHTS} = '{weights}'")
            found |= {(str(each.name), str(each.version)) for each in same}
    if model.startswith("models:/"):
        name, _, alias = model.removeprefix("models:/").partition("@")
        name, _, number = (name, "", alias) if alias else name.partition("/")
        found |= {(name, version_of(tracker, name, number).number)} if number else set()
    return found


def decide(tracker: Tracker, name: str, number: str, decision: str, evidence: str) -> None:
    """Write what was decided about a version, in a few words and as Markdown, on its page and on
    the model's.

    ``TrackingError`` where MLflow refuses, or other processes write over it again and again.
    """
    what = f"MLflow at {tracker.uri} did not take the decision about {name} {number}"
    with mlflow_calls(what):
        tracker.client.set_model_version_tag(name, number, DECIDED, decision)
        for _ in range(PASSES):
            _write_decision(tracker, name, number, evidence)
            refresh(tracker, name, number)
            # Who had read a page before it was written may have written the old one back.
            if _decision_stands(tracker, name, number, evidence):
                return
    raise TrackingError(f"{what}: others write its pages at the same time; give it again")


def _write_decision(tracker: Tracker, name: str, number: str, evidence: str) -> None:
    client = tracker.client
    page = Page.parse(client.get_model_version(name, number).description or "")
    client.update_model_version(name, number, str(page.having({DECISION: evidence})))
    page = Page.parse(client.get_registered_model(name).description or "")
    whose = f"The last one, of version {number}:\n\n{evidence}"
    client.update_registered_model(name, str(page.having({DECISION: whose})))


def _decision_stands(tracker: Tracker, name: str, number: str, evidence: str) -> bool:
    """Whether the version's page has it, and the model's has one: another's may be newer."""
    client = tracker.client
    pages = (client.get_model_version(name, number), client.get_registered_model(name))
    mine, last = (Page.parse(page.description or "").sections.get(DECISION, "") for page in pages)
    return bool(last) and mine.startswith(evidence.strip()[:SURE_CHARS])


def refresh(tracker: Tracker, name: str, number: str, *, weights: str = "") -> None:
    """Bring the model's page and a version's up to what is known of champions and openings.

    ``weights`` is its sha256 where the registry does not have it yet.
    """
    with mlflow_calls(f"MLflow at {tracker.uri} did not take the pages of {name!r}"):
        # Others may open the split, or write the pages, meanwhile: read again until all stands.
        for _ in range(PASSES):
            known = all_openings(tracker)
            changed = _refresh_version(tracker, name, number, known, weights)
            changed |= _refresh_model(tracker, name, number, known)
            if not changed:
                return


def _refresh_version(
    tracker: Tracker, name: str, number: str, known: Sequence[Opening], weights: str
) -> bool:
    """Whether anything was written."""
    client = tracker.client
    version = client.get_model_version(name, number)
    sha = version.tags.get(WEIGHTS) or weights
    opened = str(count(known, sha, frozenset()).model)
    for key, value in ((WEIGHTS, sha), (OPENED, opened)):
        if value != version.tags.get(key, ""):
            client.set_model_version_tag(name, number, key, value)
    page = Page.parse(version.description or "").having({OPENINGS: openings_section(known, sha)})
    if str(page) == version.description:
        return False
    client.update_model_version(name, number, str(page))
    return True


def _refresh_model(tracker: Tracker, name: str, number: str, known: Sequence[Opening]) -> bool:
    """The model's page is the champion's, called by its alias; whether it was written."""
    client = tracker.client
    model = client.get_registered_model(name)
    champion = str(model.aliases.get(ALIAS, ""))
    shown = client.get_model_version(name, champion or number)
    card = Page.parse(shown.description or "").card
    if champion:
        card = card.replace(f"models:/{name}/{champion}", f"models:/{name}@{ALIAS}")
    sections = {
        CHAMPIONS: champions_section(moves_in(client, name)),
        OPENINGS: openings_section(known, shown.tags.get(WEIGHTS, "")),
    }
    old = Page.parse(model.description or "")
    page = Page(card, old.sections).having(sections, _intro(name, champion))
    if str(page) == model.description:
        return False
    client.update_registered_model(name, str(page))
    return True


def _intro(name: str, champion: str) -> str:
    of = "" if name == USUAL else f" --model {name}"
    is_now = f"The champion is version {champion}" if champion else "There is no champion yet"
    return (
        f"{is_now}; each newly registered version is the `candidate`. `raysign registry{of}` lists "
        f'them all; `raysign registry promote N{of} --reason "…"` makes version N the champion, '
        f'and `raysign registry rollback{of} --reason "…"` the one before it again.'
    )


def _aliases(tracker: Tracker, name: str) -> dict[str, list[str]]:
    """Which aliases each version has; a search does not tell."""
    aliases: dict[str, list[str]] = {}
    for alias, number in tracker.client.get_registered_model(name).aliases.items():
        aliases.setdefault(str(number), []).append(alias)
    return aliases


def _version(found: Any, aliases: Mapping[str, Sequence[str]]) -> Version:
    number = str(found.version)
    return Version(
        str(found.name),
        number,
        tuple(sorted(aliases.get(number, ()))),
        str(found.run_id or ""),
        int(found.creation_timestamp),
        dict(found.tags),
    )


def _plain(text: str) -> str:
    """For a filter, in which a quote would end the text."""
    return text.replace("'", "")
