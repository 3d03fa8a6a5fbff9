"""What may be served, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from raysign.config import LookConfig, resolve
from raysign.errors import ConfigError
from raysign.serve.dictionary import how_to_look
from raysign.serve.settings import ServeSettings, is_loopback
from raysign.serve.takes.videos import LOOKED_AT_FPS

TOKEN = "0123456789abcdef"


def refused(**settings: Any) -> str:
    with pytest.raises(ConfigError) as error:
        resolve(ServeSettings, settings)
    return str(error.value)


def test_by_default_for_this_machine_only() -> None:
    assert is_loopback(ServeSettings().host)
    assert ServeSettings().token is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)
    ServeSettings(host=host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "signs.example.org", ""])
def test_beyond_it_only_with_a_token(host: str) -> None:
    assert "needs a token: type RAYSIGN_TOKEN=" in refused(host=host)
    assert "needs a token" in refused(host=host, owner_token=TOKEN)
    ServeSettings(host=host, token=TOKEN)


def test_behind_a_proxy_only_with_a_token() -> None:
    for lets_in in ({"proxies": ("10.0.0.1",)}, {"names": ("signs.example.org",)}):
        assert "needs a token: type RAYSIGN_TOKEN=" in refused(**lets_in)
        assert "needs a token" in refused(**lets_in, owner_token=TOKEN)
        ServeSettings(**lets_in, token=TOKEN)


def test_names_of_machines_have_no_capitals() -> None:
    assert ServeSettings(names=("Signs.Example.org",), token=TOKEN).names == ("signs.example.org",)


@pytest.mark.parametrize(
    "token", ["", "short", "0123456789abcde", "with space 0123456789", "é" * 20]
)
def test_tokens_that_can_be_guessed_or_not_typed(token: str) -> None:
    said = refused(token=token)
    assert "openssl rand -hex 16" in said
    assert not token or token not in said


def test_owner_has_a_token_of_their_own() -> None:
    assert "give it one of its own" in refused(token=TOKEN, owner_token=TOKEN)


def test_tokens_are_not_shown() -> None:
    settings = ServeSettings(token=TOKEN, owner_token=SecretStr("f" * 16))
    assert TOKEN not in repr(settings)
    assert TOKEN not in settings.model_dump_json()
    assert settings.owner_token is not None
    assert settings.owner_token.get_secret_value() == "f" * 16


def test_https_needs_both_files() -> None:
    assert "--certificate FILE and --key FILE" in refused(key=Path("x"))


def test_videos_are_looked_at_as_those_of_the_gallery_were() -> None:
    usual = how_to_look(ServeSettings(), None)
    assert (usual.smooth, usual.fps, usual.most_fps) == (True, None, LOOKED_AT_FPS)
    told = how_to_look(ServeSettings(), LookConfig(smooth=False, fps=12.0, complexity=2))
    assert (told.smooth, told.fps, told.complexity) == (False, 12.0, 1), (
        "the model of 2 is not there"
    )
    assert told.max_pixels == usual.max_pixels
