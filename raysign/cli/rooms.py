"""A group whose commands are imported when they are called: ``--help`` answers at once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from raysign.cli.door import FramedGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click


class Room(NamedTuple):
    """Where a command lives, as ``module:attribute``, and what it is for."""

    target: str
    summary: str


class House(FramedGroup):
    """Commands by name, in the order of a table; none is imported before it is called."""

    def __init__(self, *args: Any, rooms: Mapping[str, Room], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rooms = rooms

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.rooms)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.rooms:
            return None
        module, attribute = self.rooms[cmd_name].target.split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table: asking each command would import all of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, room.summary) for name, room in self.rooms.items()])
