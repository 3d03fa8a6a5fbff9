"""`raysign keywords make` and `compose`: through the real door."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysign.cli import main
from raysign.cli.keywords import keywords
from raysign.clip import Clip
from raysign.datasets.table import DATASETS
from raysign.store import load_clips, load_sentences, write_store
from raysign.store.outcomes import read_outcomes

Call = Callable[..., tuple[int, str, str]]

TRAIN = (
    "name|speaker|num_frames|orth|translation\n"
    "a-1|Signer01|30|REGEN NORD|im norden regen\n"
    "a-2|Signer02|24|SONNE|sonne\n"
)
DEV = "name|speaker|num_frames|orth|translation\na-3|Signer02|40|NORD SONNE NORD|norden sonne\n"


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Call:
    """In a folder with annotations of three sentences."""
    monkeypatch.chdir(tmp_path)
    Path("phoenix").mkdir()
    Path("phoenix/train.csv").write_text(TRAIN)
    Path("phoenix/dev.csv").write_text(DEV)

    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            keywords.main(list(args), prog_name="raysign keywords")
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def openpose(name: str, frames: int, text: str | None = None) -> None:
    folder = Path("json") / name
    folder.mkdir(parents=True)
    person = {"pose_keypoints_2d": [100.0, 120.0, 0.8] * 25}
    for number in range(frames):
        path = folder / f"images{number:04}_keypoints.json"
        path.write_text(text or json.dumps({"people": [person]}))


def last(err: str) -> str:
    return err.splitlines()[-1]


def test_synthetic_signers(call: Call) -> None:
    code, out, err = call("make", "phoenix", "--synthetic", "--out", "store")
    assert code == 0, err
    assert err.splitlines()[0] == DATASETS["phoenix14t"].notice()
    assert "writing store" in err
    head, _, train, val = out.splitlines()
    assert head == "store store"
    assert train.split()[:7] == ["train", "2", "2", "3", "4", "2", "54"]
    assert val.split()[:7] == ["val", "1", "1", "2", "2", "1", "40"]
    made = load_sentences("store", ["val"])
    assert made.glosses == (("NORD", "SONNE", "NORD"),)
    assert made.clips.dataset.tolist() == ["phoenix14t-synthetic"]
    other = call("make", "phoenix", "--synthetic", "--seed", "1", "--out", "other", "--json")
    assert other[0] == 0
    told = json.loads(other[1])
    assert (told["splits"]["train"]["timed"], told["notes"]) == (2, [])
    assert load_sentences("other").fingerprint() != load_sentences("store").fingerprint()


def test_openpose(call: Call) -> None:
    openpose("train/a-1", 30)
    openpose("dev/a-3", 7)
    code, out, err = call(
        *("make", "phoenix", "--openpose", "json", "--size", "210x260", "--out", "store")
    )
    assert code == 0, err
    assert out.splitlines()[4:] == [
        "- sentences without landmarks, left out: 1 (a-2)",
        "- sentences with another number of frames than their table says: 1",
    ]
    made = load_sentences("store")
    assert made.clips.layout == "openpose55"
    assert made.clips.clip_id.tolist() == ["a-3", "a-1"]
    np.testing.assert_allclose(made.confidence[:, 0].astype(float), 0.8, atol=1e-3)
    assert [row.outcome for row in read_outcomes("store") or ()] == ["ok", "ok"]


def test_a_damaged_file_costs_its_sentence_and_too_many_cost_the_exit_code(call: Call) -> None:
    openpose("a-1", 30)
    openpose("a-2", 1, "{")
    args = ("make", "phoenix", "--openpose", "json", "--size", "210x260")
    code, out, err = call(*args, "--out", "store", "--json")
    assert code == 2
    assert last(err).startswith("error: 1 of 2 sentences failed, more than --max-failed 0.1: a-2: ")
    assert any("a-2: " in note for note in json.loads(out)["notes"])
    assert len(load_clips("store")) == 1
    assert call(*args, "--out", "other", "--max-failed", "0.5")[0] == 0


def test_landmarks_that_were_extracted(call: Call) -> None:
    xyz = np.full((30, 75, 3), 0.5)
    clips = [Clip(name, xyz, "holistic75", fps=25.0) for name in ("a-1", "a-3", "b")]
    write_store("extracted", clips)
    code, out, err = call("make", "phoenix", "--landmarks", "extracted", "--out", "store")
    assert code == 0, err
    assert "- clips of no sentence, left out: 1" in out
    made = load_sentences("store")
    assert (made.clips.layout, made.clips.split.tolist()) == ("holistic75", ["train", "val"])


def test_composed(call: Call) -> None:
    args = ("compose", "synthetic", "--train", "5", "--val", "3", "--out", "store")
    world = ("synthetic.signs=20", "data.synthetic.train_signers=2", "synthetic.val_signers=1")
    code, out, err = call(*args, *world)
    assert code == 0, err
    assert "- val is composed of 20 clips of 20 signs" in out
    made = load_sentences("store")
    assert made.clips.split.tolist() == ["train"] * 5 + ["val"] * 3
    assert all(spans is not None for spans in made.spans)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("phoenix",), "give one of --openpose FOLDER, --landmarks STORE and --synthetic"),
        (("phoenix", "--synthetic", "--landmarks", "s"), "give one of --openpose FOLDER"),
        (("phoenix", "--openpose", "json"), "--openpose and --size go together"),
        (("phoenix", "--synthetic", "--size", "2x3"), "--openpose and --size go together"),
        (("phoenix", "--openpose", "json", "--size", "210"), "'210' is no size; .* as 210x260"),
        (("phoenix", "--openpose", "json", "--size", "0x3"), "'0x3' is no size"),
        (("nowhere", "--synthetic"), "no sentences of RWTH-PHOENIX-Weather 2014T in 'nowhere'"),
        (("phoenix", "--openpose", "none", "--size", "2x3"), r"no \*_keypoints.json in or under"),
        (("phoenix", "--landmarks", "none"), "no store at 'none'"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    call: Call, args: tuple[str, ...], message: str
) -> None:
    code, out, err = call("make", *args, "--out", "store")
    assert (code, out) == (2, "")
    assert re.match(f"error: .*{message}", last(err)), err
    assert not Path("store").exists()


def test_frames_that_are_too_few_leave_nothing(call: Call) -> None:
    Path("phoenix/train.csv").write_text(TRAIN.replace("|30|", "|1|"))
    code, _, err = call("make", "phoenix", "--synthetic", "--out", "store")
    assert code == 2
    assert last(err) == "error: sentence 'a-1': 2 glosses cannot be signed in 1 frames"
    assert sorted(path.name for path in Path().iterdir()) == ["phoenix"]


def test_compose_needs_a_body(call: Call) -> None:
    rng = np.random.default_rng(0)
    clips = [
        Clip(str(n), rng.random((3, 42, 3)), "hands42", sign="a", signer=str(n)) for n in range(6)
    ]
    write_store("hands", clips)
    code, _, err = call("compose", "hands", "--out", "store")
    assert code == 2
    assert "error: sentences are composed of clips with a body, got layout 'hands42'" in last(err)


def test_a_store_of_sentences_at_other_doors(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is counted as what it is, and is nothing to train an encoder of signs with."""
    assert call("make", "phoenix", "--synthetic", "--out", "store")[0] == 0

    def other(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(list(args), prog_name="raysign")
        return int(end.value.code or 0), *capsys.readouterr()

    head, columns, train, val = other("data", "store")[1].splitlines()
    assert head == "store store, layout holistic75"
    assert columns.split()[1:6] == ["sentences", "signers", "glosses", "words", "timed"]
    assert train.split()[:7] == ["train", "2", "2", "3", "4", "2", "54"]
    assert val.split()[:2] == ["val", "1"]
    told = json.loads(other("data", "store:val", "--json")[1])
    assert (told["clips"], told["splits"]["val"]["glosses"]) == (1, 2)
    use = "is a store of sentences"
    for args in (("train", "--local", "--data", "store"), ("data", "split", "store")):
        code, _, err = other(*args)
        assert code == 2
        assert use in last(err)
        assert last(err).endswith("use `raysign keywords train --data store`")
        assert "kept in" not in err
    code, _, err = call("compose", "store", "--out", "more")
    assert code == 2
    assert use in last(err)


def test_training_says_what_it_learns_from(call: Call) -> None:
    code, out, err = call("train", "--local")
    assert code == 2
    assert last(err) == (
        "error: no sentences to learn from: give --data STORE, such as `raysign keywords make` and "
        "`raysign keywords compose` write"
    )
    assert "kept in" not in out + err  # a run that cannot start is not spoken of
    assert "kept in" not in "".join(call("sweep")[1:])
