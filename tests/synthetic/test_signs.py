from __future__ import annotations

import tracemalloc
from itertools import combinations

import pytest

from raysign.config.data import SyntheticConfig
from raysign.errors import DataError
from raysign.synthetic import PARAMETERS, Sign, World, minimal_pairs


def differences(first: Sign, second: Sign) -> list[str]:
    """The parameters in which two signs differ, by what they are, not by their code."""
    return [name for name in PARAMETERS if getattr(first, name) != getattr(second, name)]


def test_a_hundred_thousand_signs_all_differ_and_stream() -> None:
    world = World(SyntheticConfig(signs=100_000))
    tracemalloc.start()
    seen = {hash(world.sign(index).code) for index in range(2_000)}
    one_by_one = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert one_by_one < 1_000_000
    codes = {world.sign(index).code for index in range(100_000)}
    assert len(codes) == 100_000
    assert len(seen) == 2_000


def test_a_code_says_it_all_and_a_gloss_is_unique() -> None:
    inventory = World(SyntheticConfig()).inventory
    for values in (inventory.handshapes, inventory.movements, inventory.orientations):
        assert len({value.name for value in values}) == len(values)
    assert len({shape.flexion for shape in inventory.handshapes}) == len(inventory.handshapes)
    signs = World(SyntheticConfig(signs=5_000)).signs
    assert len({sign.gloss for sign in signs}) == 5_000


def test_a_sign_is_the_same_however_many_there_are() -> None:
    small, large = World(SyntheticConfig(signs=20)), World(SyntheticConfig(signs=100_000))
    assert small.signs == tuple(large.sign(index) for index in range(20))


def test_every_small_world_has_a_minimal_pair_in_each_parameter() -> None:
    for language, seed in ((1, 0), (2, 0), (1, 1)):
        signs = World(SyntheticConfig(signs=20, language=language, seed=seed)).signs
        pairs = list(minimal_pairs(signs))
        assert {pair.parameter for pair in pairs} == set(PARAMETERS)


def test_minimal_pairs_are_all_the_pairs_that_differ_once() -> None:
    signs = World(SyntheticConfig(signs=120)).signs
    found = {(pair.first, pair.second): pair.parameter for pair in minimal_pairs(signs)}
    slow = {
        (a.index, b.index): differences(a, b)[0]
        for a, b in combinations(signs, 2)
        if len(differences(a, b)) == 1
    }
    assert found == slow
    assert len(found) >= 60


def test_languages_have_different_inventories() -> None:
    first, second = (World(SyntheticConfig(language=n)) for n in (1, 2))
    for name in ("handshapes", "movements"):
        one, two = ({v.name for v in getattr(w.inventory, name)} for w in (first, second))
        assert not one & two
    assert not set(first.inventory.locations) & set(second.inventory.locations)
    assert not set(first.inventory.orientations) & set(second.inventory.orientations)
    assert not {s.gloss for s in first.signs} & {s.gloss for s in second.signs}


def test_seeds_make_different_languages() -> None:
    first, second = (World(SyntheticConfig(seed=seed)) for seed in (0, 1))
    assert not set(first.signs) & set(second.signs)


@pytest.mark.parametrize("index", [-1, 10**6])
def test_a_sign_that_the_language_lacks_is_an_error(index: int) -> None:
    with pytest.raises(DataError, match="signs 0 to"):
        World(SyntheticConfig()).sign(index)
