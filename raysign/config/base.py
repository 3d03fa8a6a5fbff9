"""What every config shares: frozen, closed, and documented under each field."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""Torch takes no larger one."""


class Config(BaseModel):
    """A frozen config that refuses unknown keys and non-finite numbers."""

    LISTED: ClassVar[str] = "raysign config"
    """What lists its settings, where it is a whole config."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
    )


def kind_or(default: str) -> BeforeValidator:
    """A section without a ``kind`` is of the default one, so that one override of it is enough."""

    def fill(section: Any) -> Any:
        if isinstance(section, dict) and "kind" not in section:
            return {"kind": default, **section}
        return section

    return BeforeValidator(fill)
