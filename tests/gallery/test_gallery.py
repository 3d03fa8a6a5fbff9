"""What goes into a gallery is found, what is taken out is not, whatever the kind."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from raysign.config import GalleryConfig
from raysign.errors import DataError, GalleryError
from raysign.gallery import Exemplars, Gallery, changing

Build = Any  # the fixture `build`

KINDS = ("flat", "hnsw", "ivf_pq")
pytestmark = pytest.mark.usefixtures("small_ivf_pq")


def ids(gallery: Gallery, query: np.ndarray, k: int = 1) -> list[str]:
    return [clip.clip_id for clip in gallery.search(query[None], k).of(0)]


@pytest.mark.parametrize("kept", ["float16", "float32"])
def test_flat_is_brute_force(build: Build, kept: str) -> None:
    gallery, queries = build("flat", 300, vectors=kept), build.clips(20, seed=5)
    cosine = queries @ build.clips(300).T
    hits = gallery.search(queries, 7)
    tolerance = 1e-6 if kept == "float32" else 1e-3
    np.testing.assert_allclose(hits.scores, -np.sort(-cosine, axis=1)[:, :7], atol=tolerance)
    for query in range(20):
        for clip, score in zip(hits.of(query), hits.scores[query], strict=True):
            number = int(clip.clip_id.removeprefix("clip"))
            assert cosine[query, number] == pytest.approx(score, abs=tolerance)
            assert clip.sign == f"sign{number % 40}"


@pytest.mark.parametrize("kind", ["hnsw", "ivf_pq"])
def test_an_index_reaches_its_recall_on_queries_that_it_never_saw(build: Build, kind: str) -> None:
    gallery, exact = build(kind, 3000), build("flat", 3000)
    assert gallery.card.index.kind == kind
    assert gallery.card.index.measured_on == "held-out clips"
    assert gallery.card.index.recall_at_10 >= 0.9
    queries = build.clips(200, seed=7)
    found, true = (
        [{clip.clip_id for clip in hits.of(query)} for query in range(200)]
        for hits in (gallery.search(queries, 10), exact.search(queries, 10))
    )
    recall = np.mean([len(a & b) / 10 for a, b in zip(found, true, strict=True)])
    assert recall > 0.87
    np.testing.assert_allclose(
        gallery.search(queries, 1).scores[:, 0].mean(),
        exact.search(queries, 1).scores[:, 0].mean(),
        atol=0.01,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_clips_come_and_go(build: Build, kind: str) -> None:
    gallery = build(kind, 1500)
    here = build.clips(1500)
    new = build.clips(30, seed=3)
    more = gallery.add(new, build.people(30, start=1500))
    assert len(more) == 1530
    assert all(ids(more, vector) == [f"clip{1500 + i}"] for i, vector in enumerate(new))
    less = more.remove(more.exemplars.named(["clip7", "clip1503"], ["sign2"]))
    gone = {f"clip{i}" for i in range(1500) if i % 40 == 2} | {"clip7", "clip1502", "clip1503"}
    assert len(less) == 1530 - len(gone)
    for query in (here[7], here[2], new[2], new[3]):
        assert not gone & set(ids(less, query, 60))
    assert ids(less, here[8]) == ["clip8"]
    assert "sign2" not in less.exemplars.signs
    # what was opened before goes on as it was, and what is opened now is as it is
    assert ids(gallery, here[7]) == ["clip7"]
    assert not gone & set(ids(Gallery.open(less.folder), here[7], 60))
    assert less.card.index.kind == kind
    assert sorted(path.name for path in less.folder.iterdir()) == sorted(
        ["gallery.json", *(mark.name for mark in less.card.files.marks())]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_on_disk_of_a_clip_that_was_removed(build: Build, kind: str) -> None:
    gallery = build(kind, 1500, vectors="float32")
    secret = build.clips(1500)[11]
    files = [path.read_bytes() for path in gallery.folder.iterdir()]
    assert any(secret.tobytes() in content for content in files)
    less = gallery.remove(gallery.exemplars.named(["clip11"]))
    for path in less.folder.iterdir():
        assert secret.tobytes() not in path.read_bytes()
    assert all(
        clip.clip_id != "clip11" for clip in less.exemplars.at(np.flatnonzero(less.exemplars.alive))
    )
    if kind != "flat":
        assert not less.vectors_at(np.flatnonzero(~less.exemplars.alive)).any()


def names_on_disk(gallery: Gallery) -> list[str]:
    """Signers in the file, whether a clip has them or not."""
    table = pq.read_table(gallery.folder / gallery.card.files.exemplars.name)
    names: list[str] = table["signer"].combine_chunks().dictionary.to_pylist()
    return names


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_is_left_on_disk_of_who_was_removed(build: Build, kind: str) -> None:
    gallery = build(kind, 1500, vectors="float32")
    rows = [replace(row, signer="me") for row in build.people(1, start=7_000).at(np.arange(1))]
    more = gallery.add(build.clips(1, seed=8), Exemplars.from_rows(rows))
    assert "me" in names_on_disk(more)
    less = more.remove(more.exemplars.named(["clip7000"]))
    assert "me" not in names_on_disk(less)
    assert "signer0" in names_on_disk(less)


def test_an_index_that_was_asked_for_is_exact_while_clips_are_few(build: Build) -> None:
    said: list[str] = []
    gallery = build("hnsw", 1010)
    less = gallery.change(remove=np.arange(1010) < 20, say=said.append)
    assert (less.card.index.kind, len(less)) == ("flat", 990)
    assert said[0] == "hnsw needs 1,000 clips or more, and 990 are left: exact for now"
    more = less.add(build.clips(20, seed=3), build.people(20, start=2_000))
    assert more.card.index.kind == "hnsw"


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_that_is_there_already_is_replaced(build: Build, kind: str) -> None:
    gallery = build(kind, 1200)
    again = gallery.add(build.clips(1, seed=8), build.people(1, start=4))
    assert len(again) == 1200
    assert ids(again, build.clips(1, seed=8)[0]) == ["clip4"]
    elsewhere = again.add(build.clips(1, seed=8), build.people(1, start=4, source="stores/b"))
    assert len(elsewhere) == 1201


def test_index_is_kept_until_a_tenth_is_gone(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = build("hnsw", 1500)
    built: list[int] = []
    real = changing.build_index
    monkeypatch.setattr(
        changing, "build_index", lambda rows, *rest: built.append(len(rows)) or real(rows, *rest)
    )
    some = gallery.remove(np.arange(1500) < 100)
    assert not built
    assert some.card.counts.rows == 1500
    assert some.card.index.measured_on == "stored clips"
    few = some.remove(np.arange(1500) < 200)
    assert built == [1300]
    assert few.card.counts.rows == 1300
    assert ids(few, build.clips(1500)[777]) == ["clip777"]


def test_auto_grows_out_of_flat(build: Build) -> None:
    gallery = build("auto", 1100, flat_clips=1200)
    assert gallery.card.index.kind == "flat"
    more = gallery.add(build.clips(300, seed=2), build.people(300, start=1100))
    assert more.card.index.kind == "hnsw"
    assert "1,400 clips are more than 1,200" in more.card.index.line()
    assert more.remove(np.arange(1400) < 500).card.index.kind == "flat"


def test_what_is_searched_for_must_be_searchable(build: Build) -> None:
    gallery = build("flat", 20)
    with pytest.raises(
        DataError, match=r"k must be 1–20, the gallery's clips, got 50; give 20 or less"
    ):
        gallery.search(build.clips(1), 50)
    with pytest.raises(GalleryError, match=r"queries have 8 dimensions, gallery .* has 16"):
        gallery.search(build.clips(1, dim=8), 1)
    with pytest.raises(GalleryError, match="1 of 2 do not have length 1"):
        gallery.search(build.clips(2) * np.array([[1], [2]], np.float32), 1)
    with pytest.raises(GalleryError, match="do not have length 1"):
        gallery.search(np.full((1, 16), np.nan, np.float32), 1)


def test_an_empty_gallery_is_refused(build: Build) -> None:
    gallery = build("flat", 20)
    with pytest.raises(GalleryError, match=r"would leave gallery .* empty; delete the folder"):
        gallery.remove(np.ones(20, dtype=bool))
    with pytest.raises(GalleryError, match="no clips for a gallery"):
        Exemplars.from_rows([])
    assert len(Gallery.open(gallery.folder)) == 20


def test_what_does_not_fit_is_refused(build: Build) -> None:
    gallery = build("flat", 20)
    with pytest.raises(GalleryError, match="20 clips of 16 dimensions are announced"):
        gallery.add(build.clips(19), build.people(20, start=20))
    twice = Exemplars.join([build.people(1, start=50), build.people(1, start=50)])
    with pytest.raises(GalleryError, match="clip 'clip50' stands twice"):
        gallery.add(build.clips(2), twice)
    with pytest.raises(GalleryError, match="no clip of the gallery is called 'nobody'"):
        gallery.exemplars.named(["nobody"])
    with pytest.raises(GalleryError, match="no sign of the gallery is called 'x'; it has 20, such"):
        gallery.exemplars.named((), ["x"])
    with pytest.raises(GalleryError, match="already holds a gallery; give another --out"):
        Gallery.build(
            gallery.folder, build.clips(20), build.people(20), build.made_by(), GalleryConfig()
        )


def test_a_search_imports_neither_pandas_nor_arrows_dataset(build: Build) -> None:
    gallery = build("flat", 20)
    code = (
        "import sys, numpy as np; from raysign.gallery import Gallery, search_signs; "
        f"gallery = Gallery.open({str(gallery.folder)!r}); "
        "vectors = gallery.vectors_at(np.arange(2)); gallery.search(vectors, 3).of(1); "
        "search_signs(gallery, vectors, 3); "
        "print({'pandas', 'pyarrow.dataset', 'ray', 'mlflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


def test_faiss_as_metric_learning_leaves_it_searches_too(build: Build) -> None:
    """pytorch-metric-learning imports torch_utils, which puts another search into Faiss."""
    importlib.import_module("faiss.contrib.torch_utils")
    for kind in ("flat", "hnsw", "ivf_pq"):
        assert ids(build(kind, 1500), build.clips(1500)[7]) == ["clip7"]
