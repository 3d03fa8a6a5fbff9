"""All that a sweep needs before its first trial: read, checked and placed, with nothing written."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from raysign import cluster
from raysign.config import EnsembleConfig, KeywordConfig, SweepConfig, TrainConfig
from raysign.engine import Start, check_training
from raysign.errors import ConfigError, LayoutError, SpaceError
from raysign.sweep.placement import Placed, place
from raysign.sweep.space import Space
from raysign.train import Material
from raysign.train.material import AnyMaterial, read_material
from raysign.train.starting import check_start, start_of, starting_bundle


@dataclass(frozen=True, eq=False)
class Ready:
    """What all trials of a sweep share, and where they run."""

    space: Space
    shared: TrainConfig | KeywordConfig
    """A trial's config before anything is drawn."""
    material: AnyMaterial
    start: Start | None
    """What every trial begins with; None = random weights."""
    resources: cluster.Resources
    placed: Placed

    @property
    def threads(self) -> int:
        """Torch threads of each worker."""
        return self.shared.threads or max(1, int(self.placed.need.cpus))


def space_of(config: SweepConfig) -> Space:
    """The checked space of a sweep, before anything is asked of MLflow or Ray."""
    return Space.of(config, config.shared)


def get_ready(config: SweepConfig, space: Space, say: Callable[[str], None]) -> Ready:
    """Read the clips, check the space against them, join the cluster and place the trials on it.

    Raises:
        DataError, ConfigError, SpaceError: the clips cannot be used, or not by every trial.
        TrainingError: the cluster is too small.
    """
    shared = space.config({})
    material = read_material(shared, say)
    start = None
    _check_trials(space, material)
    if isinstance(material, Material):
        start = _start(space, material, say)
    resources = cluster.start(dashboard=shared.workers > 1)
    placed = place(config.placement, shared, config.trials, resources)
    return Ready(space, shared, material, start, resources, placed)


def _check_trials(space: Space, material: AnyMaterial) -> None:
    """``SpaceError`` where not every trial can train on what was read."""
    # Many configs, few of them with another answer.
    corners = {_checked(config): config for config in space.corner_configs()}
    for config in corners.values():
        try:
            check_training(config, material.data)
        except (ConfigError, LayoutError) as error:
            what = "clips" if isinstance(material, Material) else "sentences"
            raise SpaceError(f"the search space does not fit the {what}: {error}") from None


def _checked(config: TrainConfig | KeywordConfig) -> Hashable:
    """What ``check_training`` looks at, where a space may vary it."""
    if isinstance(config, KeywordConfig):
        return None
    loss, prepare = config.loss, config.prepare
    start = getattr(loss, "memory_start", 0) if getattr(loss, "memory", 0) else None
    members = config.encoder if isinstance(config.encoder, EnsembleConfig) else None
    read = prepare.joints, prepare.trim, members
    return config.batches, loss.kind, start, config.optim.epochs, read


def _start(space: Space, material: Material, say: Callable[[str], None]) -> Start | None:
    """What every trial begins with; ``ConfigError`` where one of the space cannot."""
    shared = space.config({})
    assert isinstance(shared, TrainConfig)  # as its material is
    bundle = starting_bundle(shared, material.clips.layout, say)
    if bundle is None:
        return None
    if space.varies("encoder") or space.varies("prepare"):
        for config in space.corner_configs():
            assert isinstance(config, TrainConfig)
            try:
                check_start(bundle, config, material.clips.layout)
            except ConfigError as error:
                raise SpaceError(f"not every trial can begin alike: {error}") from None
    return start_of(bundle)
