"""A store in a bucket, at the doors that read stores: an S3 server on loopback."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from raysign.cli.evaluate import evaluate
from raysign.cli.index import index
from raysign.cli.train import train
from raysign.config import SyntheticConfig
from raysign.store import read_parts, write_store
from raysign.synthetic import World

Desk = Any
STORE = "s3://bucket/signs/store"
QUICK = [
    "--no-register",
    "--json",
    "prepare.frames=12",
    "encoder.depth=1",
    "encoder.width=16",
    "batches.signs=8",
    "batches.clips_per_sign=2",
    "optim.epochs=1",
    "evaluate.bootstrap=100",
]


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """What in the environment leads to a bucket with a store."""
    moto = pytest.importorskip(
        "moto.server", reason="pip install 'moto[s3]' for an S3 to test with"
    )
    boto3 = pytest.importorskip("boto3")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    leads = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in leads.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="bucket")
        world = SyntheticConfig(signs=20, train_signers=2, val_signers=1)
        write_store(STORE, World(world).clips(), clips_per_part=25)
    yield leads
    running.stop()


@pytest.fixture(autouse=True)
def reached(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.items():
        monkeypatch.setenv(name, value)


def done(door: Any, *arguments: str) -> Any:
    result = CliRunner().invoke(door, [*arguments])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_model_is_trained_measured_and_searched_from_a_bucket(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    here = ["--local", "--data", STORE, *QUICK]
    whole = done(train, *here, "--name", "memory")
    kept = ["data.memory=mapped", f"data.cache={tmp_path}/cache"]
    mapped = done(train, *here, "--name", "disk", *kept)
    figures = {name for name in whole if name.startswith("val/")}
    assert {name: mapped[name] for name in figures} == {name: whole[name] for name in figures}
    assert len([*(tmp_path / "cache").glob("[!.]*-*")]) == 1
    sides = ["--queries", f"{STORE}:val", "--gallery", f"{STORE}:train"]
    measured = done(evaluate, "runs/disk/bundle", *sides, "--json")
    assert measured["map"] == pytest.approx(mapped["val/map"], abs=1e-6)
    counts = done(index, "runs/disk/bundle", "--clips", STORE, "--out", "gallery", "--json")
    assert counts["clips"] == 60


def test_a_store_in_a_bucket_has_a_version() -> None:
    version = read_parts(STORE).version()
    assert version is not None
    assert read_parts(STORE).version() == version


@pytest.mark.parametrize("door", ["train", "sweep"])
@pytest.mark.parametrize("store", ["s3://no-bucket/store", "s3://bucket/no-store"])
@pytest.mark.parametrize("memory", ["auto", "mapped"])
def test_what_is_not_there(recorded: Desk, door: str, store: str, memory: str) -> None:
    line = recorded.error(door, "--data", store, *recorded.set(door, f"data.memory={memory}"))
    assert f"no store at '{store}': give a folder of Parquet files" in line


def test_a_server_that_does_not_answer(recorded: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    line = recorded.error("train", "--data", STORE)
    assert f"cannot open store '{STORE}'" in line
    assert "Could not connect to server" in line
