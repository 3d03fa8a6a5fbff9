"""Templates → pages: jinja2, set up once for all that raysign writes for people."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_CODE = re.compile(r"`([^`]+)`")


def rendered(
    package: str,
    template: str,
    filters: Mapping[str, Callable[..., Any]],
    *,
    html: bool,
    **values: Any,
) -> str:
    """A template that lies beside a package's code, filled in.

    A name that the template asks for and nobody gives is an error, not an empty place.

    Args:
        package: dotted name of the package, such as ``raysign.doctor``.
        template: the file's name in it.
        filters: by name, what the template may apply to a value.
        html: escape every value that is no ``Markup``: labels and reasons come from outside.
        values: what the template is filled with.
    """
    house = Environment(
        loader=PackageLoader(package, "."),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    house.filters.update(filters)
    return house.get_template(template).render(**values)


def marked(text: str) -> Markup:
    """A text as HTML, escaped, in which what stands in backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def policy_hash(text: str) -> str:
    """An inline script or style as a page's ``Content-Security-Policy`` names what may stand there;
    such as ``sha256-…``.
    """
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
