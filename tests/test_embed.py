from __future__ import annotations

import numpy as np
import pytest
import torch

from raysign import embed as embed_module
from raysign.clip import Clip, Clips
from raysign.config import TrainConfig
from raysign.embed import Embedder, prepare_clips
from raysign.encoders import build_encoder
from raysign.errors import BundleError, DataError, LayoutError
from raysign.pose import Prepare, mirror_image
from raysign.skeleton import LAYOUTS, layout_named

LENGTHS = (5, 30, 1, 12, 30, 7)
CONFIG = TrainConfig.model_validate(
    {
        "prepare": {"frames": 8},
        "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 6},
    }
)
every_layout = pytest.mark.parametrize("layout", list(LAYOUTS))


def clips_of(layout: str) -> Clips:
    random, joints = np.random.default_rng(0), layout_named(layout).num_joints
    rows = []
    for i, frames in enumerate(LENGTHS):
        still = 0.5 + 0.1 * random.standard_normal((1, joints, 3))
        xyz = still + 0.01 * random.standard_normal((frames, joints, 3))
        if frames > 9:
            xyz[3:6, -21:] = np.nan
        rows.append(Clip(str(i), xyz, layout, sign="a", width=640, height=360 + 60 * i))
    return Clips.pack(rows)


def embedder_of(layout: str, batch_clips: int = 256) -> Embedder:
    torch.manual_seed(0)
    prepare = Prepare(CONFIG.prepare, layout_named(layout))
    encoder = build_encoder(CONFIG.encoder, prepare.channel_map).eval()
    return Embedder(prepare, encoder, batch_clips)


def padded(clips: Clips) -> np.ndarray:
    joints = clips.xyz.shape[1]
    xyz = np.full((len(clips), max(LENGTHS) + 2, joints, 3), np.nan, dtype=np.float32)
    for row, clip in zip(xyz, clips, strict=True):
        row[: len(clip)] = clip
    return xyz


@every_layout
def test_clips_are_prepared_in_their_order_each_by_itself(layout: str) -> None:
    clips, prepare = clips_of(layout), embedder_of(layout).prepare
    got = prepare_clips(clips, prepare)
    assert got.dtype == np.float16
    assert got.shape == (len(clips), 8, prepare.output.num_joints, 3)
    for i in range(len(clips)):
        xyz = torch.from_numpy(clips.landmarks(i).astype(np.float32))[None]
        alone = prepare.geometry(xyz, torch.tensor(clips.aspect[i : i + 1]))[0]
        np.testing.assert_allclose(got[i], alone.numpy(), rtol=2e-3, atol=2e-3)


def test_how_many_are_prepared_at_a_time_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    clips, prepare = clips_of("hands42"), embedder_of("hands42").prepare
    expected = prepare_clips(clips, prepare)
    for frames in (1, 20, 61):
        monkeypatch.setattr(embed_module, "CHUNK_FRAMES", frames)
        np.testing.assert_allclose(prepare_clips(clips, prepare), expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("limit", [1, 20, 61, 10_000])
def test_chunks_hold_every_clip_once_and_stay_small(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed_module, "CHUNK_FRAMES", limit)
    lengths = np.asarray(LENGTHS)
    chunks = list(embed_module._chunks(lengths))
    assert sorted(np.concatenate(chunks).tolist()) == list(range(len(LENGTHS)))
    assert all(len(c) == 1 or len(c) * lengths[c].max() <= limit for c in chunks)
    assert limit != 10_000 or len(chunks) == 1


@every_layout
def test_training_and_search_give_the_same_embeddings(layout: str) -> None:
    clips, embedder = clips_of(layout), embedder_of(layout)
    trained_on = embedder.embed_prepared(prepare_clips(clips, embedder.prepare))
    torch.testing.assert_close(embedder.embed(clips), trained_on, rtol=0, atol=0)
    searched = embedder.embed_padded(padded(clips), aspect=clips.aspect)
    assert searched.dtype == np.float32
    np.testing.assert_allclose(searched, trained_on.numpy(), atol=2e-3)
    assert np.abs(embedder.embed_padded(padded(clips)) - searched).max() > 1e-2, "aspect matters"
    np.testing.assert_allclose(np.linalg.norm(searched, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("batch_clips", [1, 4, 6])
def test_how_many_are_embedded_at_a_time_does_not_matter(batch_clips: int) -> None:
    clips = clips_of("hands42")
    got = embedder_of("hands42", batch_clips).embed(clips)
    torch.testing.assert_close(got, embedder_of("hands42").embed(clips), rtol=0, atol=1e-5)


def test_shared_read_only_memory_is_taken() -> None:
    embedder = embedder_of("hands42")
    sequences = prepare_clips(clips_of("hands42"), embedder.prepare)
    expected = embedder.embed_prepared(sequences)
    sequences.flags.writeable = False
    assert torch.equal(embedder.embed_prepared(sequences), expected)


@every_layout
def test_mirrored_a_clip_stands_between_itself_and_its_mirror_image(layout: str) -> None:
    embedder = embedder_of(layout, batch_clips=4)
    sequences = prepare_clips(clips_of(layout), embedder.prepare)
    images = mirror_image(torch.from_numpy(sequences), embedder.prepare.output).numpy()
    one, other = embedder.embed_prepared(sequences), embedder.embed_prepared(images)
    assert not torch.allclose(one, other, atol=1e-2)
    got = embedder.embed_prepared(sequences, mirrored=True)
    for row, a, b in zip(got, one, other, strict=True):
        torch.testing.assert_close(row, (a + b) / (a + b).norm(), rtol=1e-4, atol=1e-5)
    turned = embedder.embed_prepared(images, mirrored=True)
    torch.testing.assert_close(turned, got, rtol=1e-4, atol=1e-5)
    assert torch.equal(embedder.embed(clips_of(layout), mirrored=True), got)


def test_frames_are_what_the_encoder_pools_thinned_and_at_unit_length() -> None:
    embedder = embedder_of("hands42", batch_clips=4)
    sequences = prepare_clips(clips_of("hands42"), embedder.prepare)
    xyz = torch.from_numpy(sequences).float()
    for mirrored in (False, True):
        seen = mirror_image(xyz, embedder.prepare.output) if mirrored else xyz
        pooled = embedder.encoder.frames(embedder.prepare.channels(seen))
        expected = torch.nn.functional.normalize(pooled[:, [0, 2, 5, 7]], dim=-1)
        got = embedder.frames_prepared(sequences, 4, mirrored=mirrored)
        np.testing.assert_allclose(got, expected.detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_embedding_is_without_dropout_and_leaves_the_encoder_as_it_was(training: bool) -> None:
    embedder, clips = embedder_of("hands42"), clips_of("hands42")
    embedder.encoder.train(training)
    assert torch.equal(embedder.embed(clips), embedder.embed(clips))
    assert embedder.encoder.training is training


def test_clips_of_another_layout_are_refused() -> None:
    with pytest.raises(LayoutError, match="reads layout 'holistic75', the clips have 'hands42'"):
        embedder_of("holistic75").embed(clips_of("hands42"))


@pytest.mark.parametrize("shape", [(2, 5, 75, 3), (2, 5, 42, 2), (0, 5, 42, 3), (2, 0, 42, 3)])
def test_landmarks_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises((DataError, TypeError), match=r"\(clips, frames, 42, 3\)|xyz"):
        embedder_of("hands42").embed_padded(np.zeros(shape, dtype=np.float32))


def test_no_clips_are_refused() -> None:
    none = clips_of("hands42").select(np.zeros(len(LENGTHS), dtype=np.bool_))
    with pytest.raises(DataError, match="no clips to embed"):
        embedder_of("hands42").embed(none)


def test_an_embedder_is_built_from_what_a_bundle_holds() -> None:
    embedder, clips = embedder_of("hands42"), clips_of("hands42")
    weights = {name: tensor.half() for name, tensor in embedder.encoder.state_dict().items()}
    loaded = Embedder.from_parts("hands42", CONFIG, weights)
    assert not loaded.encoder.training
    assert loaded.device == torch.device("cpu")
    torch.testing.assert_close(loaded.embed(clips), embedder.embed(clips), rtol=0, atol=1e-2)


def test_weights_that_do_not_fit_are_refused_in_one_line() -> None:
    weights = embedder_of("hands42").encoder.state_dict()
    del weights["head.project.bias"]
    with pytest.raises(BundleError, match=r"do not fit .*head\.project\.bias") as refused:
        Embedder.from_parts("hands42", CONFIG, weights)
    assert "\n" not in str(refused.value)
    with pytest.raises(BundleError, match="do not fit"):
        Embedder.from_parts("holistic75", CONFIG, embedder_of("hands42").encoder.state_dict())
