"""Every job on a cluster of three nodes, one after the other's results; and two sweeps at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from PIL import Image

from raysign.bundle import load_bundle, load_keyword_bundle
from raysign.config import SyntheticConfig
from raysign.gallery import Gallery
from raysign.store import write_store
from raysign.store.opening import open_store
from raysign.synthetic import World
from raysign.video import write_mp4

Cluster = Any
PATIENCE_S = 900
TOY = ("train.batches.signs=12", "train.batches.clips_per_sign=2", "train.optim.epochs=2")
SMALL = ("batches.signs=12", "batches.clips_per_sign=2", "optim.epochs=2", "encoder.width=16")
WORDS = (
    *("prepare.joints=dominant", "encoder.kind=conv_transformer", "encoder.width=16"),
    *("encoder.heads=2", "encoder.groups=1", "encoder.kernel=3", "batches.sentences=8"),
    *("evaluate.bootstrap=100", "context.mlp_epochs=3", "optim.epochs=2"),
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def store(cluster: Cluster) -> str:
    """Clips on the storage that every node reaches."""
    folder = cluster.shared / "stores/toy"
    write_store(folder, World(SyntheticConfig(signs=20)).clips())
    return str(folder)


def done(cluster: Cluster, *command: str) -> str:
    """Submit a job and wait until it has ended well: what it said."""
    job = cluster.start(sys.executable, "clusters/submit.py", "--", "python", *command)
    said: str = job.communicate(timeout=PATIENCE_S)[0]
    assert job.returncode == 0, said
    return said


def film(path: Path) -> None:
    """A video in which MediaPipe finds a person."""
    photo = Path(matplotlib.get_data_path()) / "sample_data/grace_hopper.jpg"
    portrait = np.asarray(Image.open(photo).convert("RGB"))
    path.parent.mkdir(parents=True)
    write_mp4(path, (np.ascontiguousarray(portrait[n : n + 480, :440]) for n in range(8)), 25.0)


def test_videos_become_a_store(cluster: Cluster) -> None:
    pytest.importorskip("mediapipe")
    film(cluster.shared / "videos/wave/one.mp4")
    videos, out = str(cluster.shared / "videos"), str(cluster.shared / "stores/filmed")
    assert ": 1 clips; 0 skipped, 0 failed" in done(
        cluster, "jobs/extract.py", videos, "--out", out
    )
    assert open_store(out).facts.num_rows == 1


def test_a_model_on_two_nodes_its_gallery_its_figures_its_successor(
    cluster: Cluster, store: str
) -> None:
    shared = cluster.shared
    kept = ("--out", str(shared / "runs"))
    done(cluster, "jobs/train.py", "--data", store, *kept, "--name", "two", "workers=2", *SMALL)
    bundle = str(shared / "runs/two/bundle")
    assert load_bundle(bundle).card["commit"]

    gallery = str(shared / "galleries/toy")
    done(cluster, "jobs/index.py", bundle, "--clips", f"{store}:train", "--out", gallery)
    before = Gallery.open(gallery).card.counts.clips
    done(cluster, "jobs/index.py", gallery, "--add", f"{store}:val")
    assert Gallery.open(gallery).card.counts.clips > before

    asked = ("--queries", f"{store}:val", "--gallery", f"{store}:train")
    champion = "models:/raysign-encoder@champion"
    assert "queries" in done(cluster, "jobs/evaluate.py", champion, *asked)
    done(cluster, "jobs/table.py", f"toy={bundle}", *asked, "--out", str(shared / "table"))
    assert (shared / "table/report.html").exists()

    done(cluster, "jobs/retrain.py", *kept, "--name", "again", "seeds=[0]", "resamples=100")
    versions = cluster.tracker.client.search_model_versions("name = 'raysign-encoder'")
    assert len(versions) == 2


def test_words(cluster: Cluster, store: str) -> None:
    sentences = str(cluster.shared / "stores/sentences")
    raysign = Path(sys.executable).with_name("raysign")
    compose = ("keywords", "compose", store, "--train", "40", "--val", "16", "--out", sentences)
    subprocess.run([raysign, *compose], check=True, timeout=PATIENCE_S)
    kept = ("--out", str(cluster.shared / "runs"), "--name", "words")
    done(cluster, "jobs/keywords.py", "--data", sentences, *kept, *WORDS)
    assert load_keyword_bundle(cluster.shared / "runs/words/bundle").vocabulary


def test_two_sweeps_at_once_do_not_meet(cluster: Cluster, store: str) -> None:
    """One cluster, one MLflow: each has its own trials, folder and version, and no run is left."""
    before = len(cluster.tracker.client.search_model_versions("name = 'raysign-encoder'"))
    names = ("left", "right")
    jobs = {
        name: cluster.ray(
            *("python", "jobs/sweep.py", "--data", store, "--trials", "4", "--name", name),
            *("--out", str(cluster.shared / "runs"), "--seed", str(seed), *TOY),
        )
        for seed, name in enumerate(names)
    }
    for job in jobs.values():
        said = job.communicate(timeout=PATIENCE_S)[0]
        assert job.returncode == 0, said
    found = {name: cluster.sweep(name) for name in names}
    for name, (parent, trials) in found.items():
        assert parent.info.status == "FINISHED"
        assert sorted(run.info.run_name for run in trials) == [
            f"trial-{n:03}" for n in (1, 2, 3, 4)
        ]
        assert {run.info.status for run in trials} == {"FINISHED"}
        for run in trials:
            history = cluster.tracker.client.get_metric_history(run.info.run_id, "val/map")
            steps = [metric.step for metric in history]
            assert steps == sorted(set(steps)), "an epoch twice, or another sweep's"
        assert load_bundle(cluster.shared / f"runs/{name}/bundle").card["sweep"] == name
    rates = {
        name: {run.data.params["optim.lr"] for run in trials} for name, (_, trials) in found.items()
    }
    assert not rates["left"] & rates["right"], "their samplers draw alike"
    versions = cluster.tracker.client.search_model_versions("name = 'raysign-encoder'")
    assert len(versions) == before + 2
    assert len({version.run_id for version in versions}) == len(versions)
    assert not [run for run in cluster.runs(kind="sweep") if run.info.status == "RUNNING"]
