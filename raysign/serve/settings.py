"""How a dictionary is served: what is opened, who may ask, and what is refused."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from raysign.config.base import Config

TOKEN_LENGTH = 16
"""Characters that a token has at least: shorter ones can be guessed."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach a server there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class ServeSettings(Config):
    """One server's settings. Sizes are in bytes, times in seconds."""

    gallery: Path | None = None
    """What is searched; None = a synthetic dictionary is made for as long as the server runs."""
    model: str | None = None
    """Where the gallery's model is now, if it moved."""
    host: str = "127.0.0.1"
    """Where to listen. Beyond this machine only with a token."""
    port: int = Field(default=8000, ge=0, le=65535)
    """0 = any that is free."""
    names: tuple[str, ...] = ()
    """More names that the server is called by, such as that of a proxy before it; in small letters.
    Only with a token, as others ask by them.
    """
    proxies: tuple[str, ...] = ()
    """Addresses of proxies before it: they are believed when they say whose request they pass on.
    Without that, all who come through a proxy count as one client. Only with a token.
    """
    certificate: Path | None = None
    """File for https, with ``key``: browsers give their camera to no other address but that of
    their own machine.
    """
    key: Path | None = None
    """The certificate's key."""
    token: SecretStr | None = None
    """Who has it may ask; None = everybody who reaches the server."""
    owner_token: SecretStr | None = None
    """Who has it may also change the dictionary. None = everybody who reaches the server, if there
    is no ``token`` either, and else nobody.
    """
    read_only: bool = False
    """Nobody may change the dictionary."""
    videos: Path | None = None
    """Folder of the dictionary's own videos, shown beside the skeletons; None = none are shown."""
    keep_queries: Path | None = None
    """Folder that keeps the landmarks of who agrees; None = nothing is kept."""
    phonology: Path | None = None
    """CSV of how signs are made (ASL-LEX), to filter by; None = no filter."""
    replicas: int = Field(default=0, ge=0, le=1000)
    """Processes that answer, under Ray Serve; 0 = one process without Ray."""

    extractors: int = Field(default_factory=cores, ge=1, le=1024)
    """Child processes that look at uploaded videos (of each replica)."""
    cameras: int = Field(default_factory=cores, ge=1, le=1024)
    """Recordings at once (of each replica)."""
    upload_bytes: int = Field(default=100_000_000, ge=1)
    """A video's size."""
    picture_bytes: int = Field(default=2_000_000, ge=1)
    """One camera picture's size."""
    pictures: int = Field(default=8, ge=1, le=64)
    """Camera pictures in one request."""
    landmarks_bytes: int = Field(default=16_000_000, ge=1)
    """Size of a request with landmarks, of up to five clips."""
    json_bytes: int = Field(default=64_000, ge=1)
    """Any other request's size."""
    pixels: int = Field(default=3840 * 2160, ge=1)
    """Of one picture or video frame."""
    longest_recording_s: float = Field(default=30, gt=0, le=120)
    """A camera's recording ends by itself after so long."""
    longest_video_s: float = Field(default=120, gt=0)
    """An uploaded video's length; about as much as a child looks at within ``look_timeout_s``."""
    look_timeout_s: float = Field(default=60, gt=0)
    """A child that looks at one video for longer is ended."""
    take_ttl_s: float = Field(default=900, gt=0)
    """A take with which nobody asked for so long is forgotten."""
    most_takes_kept: int = Field(default=256, ge=1)
    """Beyond so many takes, the one longest unasked is forgotten."""

    requests_per_s: float = Field(default=40, gt=0)
    """Of one client (address) in the long run. A camera's pictures count a quarter: each recording
    sends some 12 such requests a second, and several people may have one address.
    """
    burst: int = Field(default=80, ge=1)
    """Requests that a client may make at once before that counts."""
    at_once: int = Field(default=128, ge=1)
    """Requests of all clients in progress."""
    at_once_each: int = Field(default=32, ge=1)
    """Requests of one client in progress."""
    connections_each: int = Field(default=192, ge=1)
    """Connections of one client (address), but for ``proxies``: a browser has six, and a class of
    thirty may have one address.
    """
    headers_s: int = Field(default=10, ge=1)
    """A client that has not sent a request's headers after so long is cut off, and so is one that
    sends no other request.
    """
    pause_s: float = Field(default=10, gt=0)
    """A client that stops in the middle of sending for so long is cut off."""
    slowest_bytes_per_s: float = Field(default=8_000, gt=0)
    """A client that sends slower is cut off, ``pause_s`` after it began."""
    answer_s: float = Field(default=90, gt=0)
    """A request that is not answered so long after its last byte is given up."""

    @field_validator("names")
    @classmethod
    def _small(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """As they are compared: names of machines have no capitals."""
        return tuple(name.lower() for name in names)

    @field_validator("token", "owner_token", mode="before")
    @classmethod
    def _long_enough(cls, token: object) -> object:
        text = token.get_secret_value() if isinstance(token, SecretStr) else token
        if not isinstance(text, str):
            return token
        if len(text) < TOKEN_LENGTH or not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError(
                f"must have at least {TOKEN_LENGTH} letters, digits or signs and no space, got "
                f"{len(text)} characters; make one with `openssl rand -hex 16`"
            )
        return token

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if not is_loopback(self.host) and self.token is None:
            raise ValueError(
                f"--host {self.host} is open to other machines, so it needs a token: type "
                "RAYSIGN_TOKEN=$(openssl rand -hex 16) before the command"
            )
        for option, given in (("--proxy", self.proxies), ("--name", self.names)):
            if given and self.token is None:
                raise ValueError(
                    f"{option} {given[0]} lets people on other machines in, so it needs a token: "
                    "type RAYSIGN_TOKEN=$(openssl rand -hex 16) before the command"
                )
        if (self.certificate is None) != (self.key is None):
            raise ValueError("https needs both files: give --certificate FILE and --key FILE")
        if self.token is not None and self.owner_token is not None and self._same_tokens():
            raise ValueError(
                "RAYSIGN_OWNER_TOKEN is the same as RAYSIGN_TOKEN, so that everybody would own the "
                "dictionary; give it one of its own"
            )
        return self

    def _same_tokens(self) -> bool:
        assert self.token is not None
        assert self.owner_token is not None
        return self.token.get_secret_value() == self.owner_token.get_secret_value()
