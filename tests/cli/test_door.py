from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import click
import pytest

from raysign import __version__, cli
from raysign.cli.door import door, json_option
from raysign.errors import ConfigError, StoreError


@pytest.fixture(autouse=True)
def as_a_program_begins() -> Iterator[None]:
    """Ray, in another test of this process, leaves a way to end of its own."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@door(example="raysign toy seed=3", overrides="the toy's config")
@click.option("--fail", type=click.Choice(["input", "bug", "ctrl-c", "disk"]))
@json_option
def toy(overrides: tuple[str, ...], fail: str | None, as_json: bool) -> int:
    """Play."""
    if fail == "input":
        raise StoreError("store 'x' is empty:\n  got 0 clips;  give another")
    if fail == "bug":
        raise ZeroDivisionError("oh")
    if fail == "ctrl-c":
        raise KeyboardInterrupt
    if fail == "disk":
        raise OSError(errno.ENOSPC, "No space left on device", "/full/of it")
    click.echo(f"{' '.join(overrides)} {as_json}")
    return 0


def ends(capsys: pytest.CaptureFixture[str], command: click.Command, *args: str):
    with pytest.raises(SystemExit) as end:
        command.main(list(args), prog_name="toy")
    out, err = capsys.readouterr()
    return end.value.code, out, err


def test_overrides_and_options_mix(capsys):
    assert ends(capsys, toy, "a.b=1", "--json", "c=x=y") == (0, "a.b=1 c=x=y True\n", "")


def test_bad_input_is_one_line_and_2(capsys):
    expected = "error: store 'x' is empty: got 0 clips; give another\n"
    assert ends(capsys, toy, "--fail", "input") == (2, "", expected)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--sed", "3"], "no such option"),
        (["--fail"], "option '--fail' requires an argument"),
        (["--fail", "x"], "invalid value for '--fail'"),
    ],
)
def test_bad_usage_is_one_line_that_says_what_to_type(capsys, args, says):
    code, out, err = ends(capsys, toy, *args)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {says}")
    assert err.endswith("; run `toy --help`\n")
    assert err.count("\n") == 1


def test_a_bug_shows_where_and_is_1(capsys):
    code, out, err = ends(capsys, toy, "--fail", "bug")
    assert (code, out) == (1, "")
    assert err.startswith("Traceback")
    assert "ZeroDivisionError: oh" in err
    assert err.splitlines()[-1].startswith(f"error: this is a bug in raysign {__version__}")


def test_a_full_disk_is_one_line_and_2(capsys):
    expected = "error: cannot write '/full/of it': No space left on device; make room, or write "
    assert ends(capsys, toy, "--fail", "disk") == (2, "", expected + "somewhere else\n")


def test_ctrl_c_is_130(capsys):
    code, _, err = ends(capsys, toy, "--fail", "ctrl-c")
    assert code == 130
    assert err.split() == ["interrupted"]


@pytest.mark.parametrize("ignored", [False, True], ids=["a shell's", "in the background"])
def test_sigterm_is_ctrl_c(ignored: bool) -> None:
    """What a job's stop, Kubernetes and systemd send; a background job ignores Ctrl-C itself."""
    code = """
import signal, sys, time
if sys.argv[1] == "True": signal.signal(signal.SIGINT, signal.SIG_IGN)
from raysign.cli.door import door
@door(example="x")
def toy():
    try:
        print("ready", flush=True); time.sleep(60)
    except KeyboardInterrupt:
        print("kept"); raise
toy([])
"""
    command = [sys.executable, "-c", code, str(ignored)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "kept\n", "\ninterrupted\n")


def test_whoever_handles_ctrl_c_handles_sigterm(capsys):
    """As Ray Tune does, which then ends its trials."""
    told = []

    @door(example="x")
    def tune():
        before = signal.signal(signal.SIGINT, lambda number, frame: told.append(number))
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            signal.signal(signal.SIGINT, before)

    assert ends(capsys, tune)[0] == 0
    assert told == [signal.SIGINT]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_way_to_end_is_kept(capsys):
    """A program that calls a door has its own way of being ended."""
    told = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))

    @door(example="x")
    def play():
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        assert ends(capsys, play)[0] == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told == [signal.SIGTERM]


def test_help_ends_with_the_example_as_it_is(capsys):
    code, out, _ = ends(capsys, toy, "--help")
    assert code == 0
    assert out.endswith("Example:\n  raysign toy seed=3\n")
    assert "[KEY=VALUE]..." in out
    assert "KEY=VALUE changes the toy's config" in out


def test_inside_another_program_errors_pass_through():
    with pytest.raises(StoreError):
        toy.main(["--fail", "input"], standalone_mode=False)


def test_overrides_come_after_declared_arguments(capsys):
    @door(example="x", overrides="it")
    @click.argument("model")
    def command(model: str, overrides: tuple[str, ...]) -> None:
        """Say."""
        raise ConfigError(f"{model} {overrides}")

    assert ends(capsys, command, "m", "a=1") == (2, "", "error: m ('a=1',)\n")


def test_the_house_names_an_unknown_command(capsys):
    code, _, err = ends(capsys, cli.main, "trian")
    assert code == 2
    assert err == "error: no such command 'trian'; did you mean 'train'? run `toy --help`\n"
    assert ends(capsys, cli.main, "xyzzy")[2] == (
        "error: no such command 'xyzzy'; run `toy --help`\n"
    )


def test_the_help_names_the_settings_of_its_own_kind(capsys):
    listed = "`raysign config --kind extract` prints every key"
    assert listed in " ".join(ends(capsys, cli.main, "extract", "--help")[1].split())
    assert "`raysign config` prints every key" in ends(capsys, toy, "--help")[1]


def test_the_house_without_a_command_shows_its_help(capsys):
    code, out, err = ends(capsys, cli.main)
    assert (code, out) == (2, "")
    assert all(name in err for name in cli.COMMANDS)


def test_the_house_says_its_version(capsys):
    assert ends(capsys, cli.main, "--version") == (0, f"raysign {__version__}\n", "")


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_stands_where_the_table_says(name):
    command = cli.main.get_command(click.Context(cli.main), name)
    assert command is not None
    assert command.name == name
    assert command.example.startswith(("raysign ", "python "))


@pytest.mark.parametrize("args", [["--help"], ["config"]])
def test_help_and_config_import_nothing_heavy(args):
    heavy = [name for name in ("torch", "ray", "mlflow", "pyarrow", "optuna") if find_spec(name)]
    assert "torch" in heavy
    script = f"""
import sys
from raysign.cli import main
try:
    main({args!r}, prog_name="raysign")
except SystemExit as end:
    assert end.code == 0
found = [name for name in {heavy!r} if name in sys.modules]
sys.exit(f"imported {{found}}" if found else 0)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
