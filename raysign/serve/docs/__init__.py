"""The API's page at ``/api/docs``, made from its OpenAPI document.

Swagger UI and ReDoc need inline scripts and styles, or a megabyte of somebody else's; this page is
plain HTML, so it reads on a telephone, by a screen reader, offline, and under the strict policy of
:mod:`raysign.serve.headers`.
"""

from __future__ import annotations

from raysign.serve.docs.page import docs_css, docs_page

__all__ = ["docs_css", "docs_page"]
