"""The frame that every door stands in: how options are read, and how a command ends.

0    done
1    a bug in raysign: the traceback, and one line that asks for a report
2    bad input: one line ``error: what was wrong, what was got, what to type``
130  Ctrl-C, or SIGTERM: what a job's stop, Kubernetes and systemd send
"""

from __future__ import annotations

import errno
import inspect
import signal
import sys
import threading
import traceback
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import click

from raysign import __version__
from raysign.errors import RaysignError
from raysign.submitted import check_lasts, left_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

F = TypeVar("F", bound="Callable[..., Any]")

BUG, BAD_INPUT, INTERRUPTED = 1, 2, 130
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""What a disk that takes no more says, wherever it says it."""
WRITTEN = ("out", "html")
"""Options that say where something is written, wherever a command has them;"""
ELSEWHERE = ("dry_run", "resume")
"""with one of these it is not: nothing is written, or where the run is already."""


class Framed(click.Command):
    """A command whose help ends with an example and whose errors are one line."""

    def __init__(self, *args: Any, example: str, **kwargs: Any) -> None:
        settings = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
        kwargs["context_settings"] = settings | (kwargs.get("context_settings") or {})
        super().__init__(*args, **kwargs)
        self.example = example

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, but every usage error knows whose it is."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, unless what is written would go away with a submitted job's folder."""
        written = () if any(map(ctx.params.get, ELSEWHERE)) else WRITTEN
        for name in written:
            if isinstance(path := ctx.params.get(name), str):
                check_lasts(f"--{name}", path)
        return super().invoke(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The example as it is, so that it can be pasted."""
        formatter.write("\nExample:\n")
        for line in self.example.splitlines():
            formatter.write(f"  {line}\n")

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run as a whole program: ends in ``SystemExit``, unless ``standalone_mode`` is off."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        if prog_name is None and sys.argv[0].endswith(".py"):
            prog_name = f"python {sys.argv[0]}"
        words = sys.argv[1:] if args is None else args
        try:
            with _sigterm_as_ctrl_c():
                code = super().main(args, prog_name, complete_var, False, **extra)
        except click.exceptions.NoArgsIsHelpError as missing:
            click.echo(missing.format_message(), err=True)
            code = BAD_INPUT
        except click.ClickException as error:
            code = _complain(_usage(error))
        except RaysignError as error:
            code = _complain(f"{error}{left_out(str(error), words)}")
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            code = INTERRUPTED
        except Exception as error:
            code = _disk(error) or _bug()
        # A command's own return value is not an exit code; Context.exit's number is.
        sys.exit(code if isinstance(code, int) else 0)


class FramedGroup(Framed, click.Group):
    """Commands in the frame; of one that is misspelt it says which was probably meant."""

    takes = "command"
    """What the first word may be, as people call it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            close = get_close_matches(args[0], self.list_commands(ctx), 1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such {self.takes} {args[0]!r}{meant}")
        return super().resolve_command(ctx, args)


def door(
    *, example: str, overrides: str = "", kind: str = "", within: click.Group | None = None
) -> Callable[[Callable[..., Any]], Framed]:
    """Make a function a command.

    Args:
        example: lines that can be pasted; they end the help.
        overrides: what the ``KEY=VALUE`` arguments change, as the help says it. The function
            gets them as ``overrides``, a tuple of text for ``load_config``. Empty: it takes none.
        kind: of the settings, where they are not a training's, as ``raysign config --kind`` has it.
        within: the command whose subcommand this is.
    """

    def dress(function: Callable[..., Any]) -> Framed:
        text = inspect.getdoc(function) or ""
        if overrides:
            listed = f"raysign config{f' --kind {kind}' if kind else ''}"
            text += f"\n\nKEY=VALUE changes {overrides}; `{listed}` prints every key."
        command = click.command(cls=Framed, example=example, help=text)(function)
        if within is not None:
            within.add_command(command)
        if overrides:
            # Last, after the arguments that the function declares.
            command.params.append(click.Argument(["overrides"], nargs=-1, metavar="[KEY=VALUE]..."))
        return command

    return dress


def json_option(function: F) -> F:
    """``--json``: the function gets ``as_json``."""
    text = "Print JSON, an object or a list, and nothing else on stdout."
    return click.option("--json", "as_json", is_flag=True, help=text)(function)


def max_failed_option(function: F) -> F:
    """``--max-failed``: the function gets the share of clips that may fail, as ``max_failed``."""
    return click.option(
        "--max-failed",
        type=click.FloatRange(0, 1),
        default=0.1,
        show_default=True,
        metavar="SHARE",
        help="Share of clips that may fail before the exit code says so.",
    )(function)


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Whoever handles Ctrl-C at that moment handles SIGTERM too: a sweep keeps its best trial.

    A program that has its own way of being ended keeps it.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _ctrl_c)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _ctrl_c(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        handler(signal.SIGINT, frame)
    else:  # a shell's background jobs ignore Ctrl-C
        raise KeyboardInterrupt


def _usage(error: click.ClickException) -> str:
    message = error.format_message().strip().rstrip(".")
    ctx = getattr(error, "ctx", None)
    what_to_type = f"run `{ctx.command_path} --help`" if ctx is not None else ""
    end = " " if message.endswith("?") else "; "
    return message[:1].lower() + message[1:] + (end + what_to_type if what_to_type else "")


def _disk(error: Exception) -> int | None:
    """None where it is not the disk that refused."""
    if not isinstance(error, OSError) or error.errno not in DISK:
        return None
    where = f" {error.filename!r}" if error.filename else ""
    return _complain(f"cannot write{where}: {error.strerror}; make room, or write somewhere else")


def _bug() -> int:
    traceback.print_exc()
    told = f"error: this is a bug in raysign {__version__}; report it with the lines above"
    click.echo(told, err=True)
    return BUG


def _complain(message: str) -> int:
    """One line, whatever the message holds."""
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return BAD_INPUT
