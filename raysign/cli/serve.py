"""``raysign serve``."""

from __future__ import annotations

import os
import re
import ssl
import time
import webbrowser
from typing import TYPE_CHECKING, Any

import click

from raysign.cli.door import door
from raysign.cli.gallery_path import gallery_path
from raysign.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from raysign.serve.settings import ServeSettings

TOKENS = {"token": "RAYSIGN_TOKEN", "owner_token": "RAYSIGN_OWNER_TOKEN"}
"""From the environment: what stands on a command line is seen by everybody on the machine."""


@door(
    example="raysign serve\n"
    "raysign serve galleries/asl --videos videos/ --phonology asl_lex.csv --open\n"
    "RAYSIGN_TOKEN=$(openssl rand -hex 16) raysign serve galleries/asl --host 0.0.0.0 "
    "--certificate site.pem --key site.key\n"
    "raysign serve galleries/asl --replicas 4",
)
@click.argument("gallery", required=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=int, default=8000, show_default=True, help="0 = any that is free.")
@click.option("--model", metavar="MODEL", help="Where GALLERY's model is now, if it moved.")
@click.option("--read-only", is_flag=True, help="Nobody may change GALLERY.")
@click.option(
    "--videos", metavar="FOLDER", help="Show GALLERY's own videos from here, beside the skeletons."
)
@click.option(
    "--keep-queries",
    metavar="FOLDER",
    help="Keep the landmarks of those who agree to it (default: of nobody).",
)
@click.option(
    "--phonology",
    metavar="FILE",
    help="CSV of how signs are made (ASL-LEX): handshape, location, hands, to filter by.",
)
@click.option(
    "--replicas",
    type=int,
    default=0,
    metavar="N",
    help="Answer in N processes of Ray Serve (default: in one, without Ray). Ray is for networks "
    "that you trust: a port of each process is open to other machines, without token.",
)
@click.option("--certificate", metavar="FILE", help="For https, with --key.")
@click.option("--key", metavar="FILE", help="The certificate's key.")
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="Another name that the server is called by, such as a proxy's; may be given often.",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="Of a proxy before it, which is believed when it says who asks; may be given often.",
)
@click.option("--open", "browser", is_flag=True, help="Open the page in a browser.")
def serve(gallery: str | None, browser: bool, **given: Any) -> None:
    """Open a page where people find the sign that they saw, in GALLERY.

    Without GALLERY there is a made-up dictionary, for a first look. The page is for this machine
    only; with --host also for others, who need the token in RAYSIGN_TOKEN (16 letters or more).
    Then only who has RAYSIGN_OWNER_TOKEN may change GALLERY. Programs use the API: /api/docs.
    """
    began_s = time.perf_counter()
    settings = _settings(gallery, given)
    if settings.replicas:
        from raysign.serve.cluster import serve_replicas as run
    else:
        from raysign.serve.run import serve as run

    def ready(url: str) -> None:
        click.echo(f"open {url}   ({time.perf_counter() - began_s:.1f} s; Ctrl-C ends it)")
        if browser:
            webbrowser.open(url.partition("#")[0])
            if settings.token is not None:
                click.echo(
                    "paste the whole address into the browser: it was opened without the token, "
                    "which other people on this machine could have read"
                )

    def bound() -> None:
        for note in _notes(settings):
            click.echo(f"note: {note}", err=True)
        what = gallery or "a made-up dictionary, as there is no GALLERY"
        click.echo(f"opening {what} …", err=True)

    run(settings, ready, bound=bound)


def _notes(settings: ServeSettings) -> Iterator[str]:
    """What the owner should know before anybody comes."""
    from raysign.serve.owner.codecs import unplayed
    from raysign.serve.settings import is_loopback

    if not is_loopback(settings.host) and settings.certificate is None:
        yield (
            "without --certificate and --key browsers lend nobody else their camera, and the "
            "token travels in the clear"
        )
    if settings.videos is not None and (said := unplayed(settings.videos)):
        yield said


def _settings(gallery: str | None, given: dict[str, Any]) -> ServeSettings:
    """Options and tokens as settings."""
    from raysign.config import resolve
    from raysign.serve.settings import ServeSettings

    # Nor does any process that starts later inherit them.
    tokens = {key: os.environ.pop(name, "") or None for key, name in TOKENS.items()}
    try:
        settings = resolve(ServeSettings, {"gallery": gallery, **given, **tokens})
    except ConfigError as error:
        raise ConfigError(_as_typed(str(error))) from None
    _check_files(settings)
    return settings


def _as_typed(mistakes: str) -> str:
    """Settings by the names that people type."""
    for key, name in TOKENS.items():
        mistakes = re.sub(rf"(^|; ){key}: ", rf"\1{name} ", mistakes)
    return re.sub(r"(^|; )(port|replicas): ", r"\1--\2 ", mistakes)


def _check_files(settings: ServeSettings) -> None:
    """What takes no time, before what does."""
    if settings.gallery is not None:
        gallery_path(settings.gallery, "; without GALLERY a made-up one is shown")
    if settings.videos is not None and not settings.videos.is_dir():
        raise ConfigError(f"--videos {str(settings.videos)!r} is no folder; give one that is there")
    if settings.keep_queries is not None and settings.keep_queries.is_file():
        raise ConfigError(f"--keep-queries {str(settings.keep_queries)!r} is a file; give a folder")
    for option, file in (
        ("--phonology", settings.phonology),
        ("--certificate", settings.certificate),
        ("--key", settings.key),
    ):
        if file is not None and not file.is_file():
            raise ConfigError(f"{option} {str(file)!r} is no file; give one that is there")
    if settings.certificate is not None and settings.key is not None:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                settings.certificate, settings.key
            )
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"--certificate {str(settings.certificate)!r} and --key {str(settings.key)!r} do "
                f"not go together ({error}); give a PEM certificate and its own key"
            ) from None
