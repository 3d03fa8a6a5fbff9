"""An OpenAPI document as HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from raysign.draw.page import marked, rendered

if TYPE_CHECKING:
    from markupsafe import Markup

METHODS = ("get", "post", "put", "patch", "delete")
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A parameter, or a field of a model."""

    name: str
    kind: str
    """Of its value, in words: ``list of Film``."""
    models: tuple[str, ...]
    """Models that its kind names."""
    must: bool
    limits: str
    text: str


@dataclass(frozen=True)
class Call:
    """A method of an address."""

    method: str
    path: str
    id: str
    text: str
    given: tuple[Row, ...]
    """Its parameters: path, query and headers."""
    takes: tuple[Row, ...]
    """The kinds of body that it takes."""
    gives: tuple[Row, ...]
    """Its answers by status."""


@dataclass(frozen=True)
class Model:
    """What stands in a body."""

    name: str
    text: str
    fields: tuple[Row, ...]


def docs_page(openapi: Schema, address: str = "http://127.0.0.1:8000") -> str:
    """The page of an OpenAPI 3.1 document; it asks for ``/api/docs.css`` and nothing else.

    ``address`` is the server's, for the examples.
    """
    return rendered(
        "raysign.serve.docs",
        "page.html.j2",
        {"prose": prose},
        html=True,
        info=openapi["info"],
        address=address.rstrip("/"),
        calls=list(_calls(openapi)),
        models=list(_models(openapi)),
    )


def prose(text: str) -> Markup:
    """A docstring's text as HTML: what it marks as code is, and its paragraphs are kept."""
    return marked(re.sub(r":\w+:`", "`", text.replace("``", "`")))


def docs_css() -> bytes:
    """Its style sheet."""
    return files("raysign.serve.docs").joinpath("page.css").read_bytes()


def _calls(openapi: Schema) -> Iterator[Call]:
    for path, methods in openapi["paths"].items():
        for method in METHODS:
            if method in methods:
                call = methods[method]
                yield Call(
                    method=method.upper(),
                    path=path,
                    id=call["operationId"],
                    text=call.get("description") or call.get("summary", ""),
                    given=tuple(_given(call)),
                    takes=tuple(_bodies("", call.get("requestBody", {}))),
                    gives=tuple(
                        row
                        for status, answer in call["responses"].items()
                        for row in _bodies(status, answer)
                    ),
                )


def _given(call: Schema) -> Iterator[Row]:
    for one in call.get("parameters", ()):
        schema = one.get("schema", {})
        yield Row(
            name=one["name"],
            kind=f"{kind_of(schema)} ({one['in']})",
            models=tuple(models_in(schema)),
            must=bool(one.get("required")),
            limits=limits_of(schema),
            text=one.get("description", ""),
        )


def _bodies(name: str, body: Schema) -> Iterator[Row]:
    """What a request takes, or an answer gives, by content type."""
    content = body.get("content", {})
    for media, about in content.items():
        schema = about.get("schema", {})
        yield Row(
            name=f"{name} {media}".strip(),
            kind=kind_of(schema) if schema else "",
            models=tuple(models_in(schema)),
            must=True,
            limits="",
            text="",
        )
    if name and not content:
        yield Row(name, "", (), True, "", "")


def _models(openapi: Schema) -> Iterator[Model]:
    for name, schema in openapi.get("components", {}).get("schemas", {}).items():
        required = schema.get("required", ())
        yield Model(
            name=name,
            text=schema.get("description", ""),
            fields=tuple(
                Row(
                    name=field,
                    kind=kind_of(about),
                    models=tuple(models_in(about)),
                    must=field in required,
                    limits=limits_of(about),
                    text=about.get("description", ""),
                )
                for field, about in schema.get("properties", {}).items()
            ),
        )


def kind_of(schema: Schema) -> str:
    """What a value is, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for either in ("anyOf", "oneOf"):
        if either in schema:
            return " or ".join(kind_of(one) for one in schema[either])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " or ".join(json.dumps(one) for one in schema["enum"])
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"list of {', '.join(kind_of(one) for one in schema['prefixItems'])}"
        case "array":
            return f"list of {kind_of(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), Mapping):
            return f"object of {kind_of(schema['additionalProperties'])}"
        case str(kind):
            return "bytes" if schema.get("format") == "binary" else kind
    return "anything"


def models_in(schema: Schema) -> Iterator[str]:
    """Names of the models that a value is made of, each once."""
    seen = dict.fromkeys(_references(schema))
    yield from seen


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield str(schema["$ref"]).rpartition("/")[2]
        for inner in schema.values():
            yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}


def limits_of(schema: Schema) -> str:
    """What a value may be, and what it is if not given."""
    found = [words.format(f"{schema[key]:,}") for key, words in LIMITS.items() if key in schema]
    for either in ("anyOf", "oneOf"):
        found += [words for one in schema.get(either, ()) if (words := limits_of(one))]
    if "default" in schema:
        found.append(f"default {json.dumps(schema['default'])}")
    return ", ".join(found)
