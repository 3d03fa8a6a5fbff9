"""The second stages, by name."""

from __future__ import annotations

from raysign.errors import ConfigError

STAGES = ("mirror", "csls", "znorm", "dtw")
"""In the order in which they run. ``mirror`` embeds each query together with its mirror image."""
Stages = tuple[str, ...]
"""One after the other; none: the first stage alone."""


def parse_stages(text: str) -> Stages:
    """``dtw+csls`` → ``("csls", "dtw")``, in the order in which they run.

    ``ConfigError`` where there is no such stage, one stands twice, or two exclude each other.
    """
    names = text.split("+")
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        raise ConfigError(
            f"no second stage is called {unknown[0]!r}, got --rerank {text}; give one of "
            f"{', '.join(STAGES)}, or several, as in csls+dtw"
        )
    if len(set(names)) < len(names) or {"csls", "znorm"} <= set(names):
        raise ConfigError(
            f"--rerank {text} names a stage twice, or both csls and znorm; give each once and "
            "one of the two"
        )
    return tuple(name for name in STAGES if name in names)
