"""A store of made-up sentences and untrained models of them: the flow, not the figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raysign.bundle import KeywordBundle, Learned
from raysign.clip import Clip
from raysign.config import KeywordConfig
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities
from raysign.keywords.context import fit_contexts
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.vocabulary import Vocabulary
from raysign.sentences import SignedSentence
from raysign.skeleton import layout_named
from raysign.store import load_sentences, write_sentences

GLOSSES = ("REGEN", "SONNE", "WIND", "NORD", "SUED", "MORGEN")
SPOKEN = {"REGEN": "regnet", "SONNE": "sonnig", "WIND": "weht", "NORD": "norden"}


def sentence(rng, number):
    split = ("train", "train", "val", "test")[number % 4]
    glosses = tuple(rng.choice(GLOSSES, rng.integers(1, 5)).tolist())
    spans = tuple((4 * i, 4 * i + 4) for i in range(len(glosses)))
    xyz = rng.random((4 * len(glosses) + 3, 55, 3)).astype(np.float16)
    clip = Clip(
        clip_id=f"s{number:03}",
        xyz=xyz,
        layout="openpose55",
        signer=f"signer{number % 3}",
        split=split,
        dataset="synthetic",
        fps=25.0,
    )
    words = tuple(SPOKEN.get(gloss, gloss.lower()) for gloss in glosses)
    return SignedSentence(clip, glosses, words, spans)


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("keywords") / "sentences"
    write_sentences(path, [sentence(rng, number) for number in range(80)])
    return str(path)


@pytest.fixture(scope="session")
def bundle_of(store):
    """An untrained model of that store; with fitted context models unless they are left out."""

    def make(words="gloss", joints="body", seed=0, contexts=True, **search) -> KeywordBundle:
        import torch

        config = KeywordConfig.model_validate(
            {
                "data": {"store": store, "words": words},
                "prepare": {"joints": joints},
                "encoder": {"kind": "st_gcn", "widths": (8,), "kernel": 3},
                "search": search,
                "context": {"mlp_hidden": (8,), "mlp_epochs": 2, "gamma_step": 0.25},
                "evaluate": {"batch_sentences": 7},
                "seed": seed,
            }
        )
        train, val = (load_sentences(store, (split,)) for split in ("train", "val"))
        vocabulary = Vocabulary.of(train.written(words), words)
        prepare = PrepareSentences(config.prepare, layout_named("openpose55"))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = KeywordModel(config, prepare.channel_map, len(vocabulary))
        counts, asked = (vocabulary.counts(part.written(words)) for part in (train, val))
        bundle = KeywordBundle(
            layout="openpose55",
            config=config,
            prepare_fingerprint=prepare.fingerprint,
            vocabulary=vocabulary,
            frequency=(counts > 0).mean(axis=0),
            weights=model.state_dict(),
            learned=Learned(
                train.clips.content(), val.clips.content(), tuple(sorted({*train.clips.signer}))
            ),
        )
        if not contexts:
            return bundle
        p_train, p_val = (
            probabilities(logits_of(model, prepare, PreparedSentences.of(part, prepare), 7))
            for part in (train, val)
        )
        made = fit_contexts(p_train, counts, p_val, asked > 0, config.context, seed=seed)
        return replace(bundle, contexts=made)

    return make
