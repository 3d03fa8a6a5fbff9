"""The engine on Ray Train's workers."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from raysign.cluster import ctrl_c_returned
from raysign.errors import RaysignError, TrainingError
from raysign.train.checkpoint import (
    CHECKPOINTS,
    RAY,
    furthest,
    kept_state,
    load_state,
    save_state,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from raysign.batches import TrainingClips
    from raysign.cluster import Resources
    from raysign.config import KeywordConfig, TrainConfig
    from raysign.engine import Start
    from raysign.engine.keywords import TrainingSentences
    from raysign.train.progress import Progress


def check_room(config: TrainConfig | KeywordConfig, resources: Resources) -> tuple[int, bool]:
    """The CPUs of each worker, and whether each has a GPU.

    ``TrainingError`` where the cluster has too little of either.
    """
    gpus = config.device != "cpu" and resources.places(1, 1) >= config.workers
    if config.device == "cuda" and not gpus:
        raise TrainingError(
            f"device=cuda with workers={config.workers}, but the cluster has {resources.gpus} "
            "GPUs; type device=cpu or device=auto"
        )
    if resources.places(1) < config.workers:
        raise TrainingError(
            f"workers={config.workers}, but the cluster has {resources.cpus} CPUs, and each worker "
            f"needs one; type workers={max(resources.cpus, 1)} or less"
        )
    if gpus:
        return 1, True
    most = resources.cpus // config.workers
    return next(n for n in range(most, 0, -1) if resources.places(n) >= config.workers), False


def on_ray(
    config: TrainConfig | KeywordConfig,
    data: TrainingClips | TrainingSentences,
    folder: Path,
    progress: Progress,
    retries: int,
    resources: Resources,
    start: Start | None = None,
) -> None:
    """Train on the cluster; the last state is in the folder's checkpoints afterwards."""
    # Ray Train reads it when it is imported; the default of 2 s doubles the start of a short run.
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.1")
    import ray
    from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer
    from ray.util.queue import Queue

    from raysign.train.nodes import prepare_on_nodes
    from raysign.train.worker import worker

    cpus, gpus = check_room(config, resources)
    progress.say(f"{resources}; {config.workers} worker{'s' * (config.workers > 1)}")
    prepare_on_nodes(data, progress.say)
    told = Queue(actor_options={"num_cpus": 0})
    errors: list[RaysignError] = []
    listener = threading.Thread(target=_listen, args=(told, progress, errors), daemon=True)
    listener.start()
    settings: dict[str, Any] = {
        # Ray may show a worker GPUs that it was not given.
        "config": config.model_copy(update={"device": "cuda" if gpus else "cpu"}),
        "data": ray.put(data),
        "start": ray.put(start),
        "threads": config.threads or cpus,
        "folder": str(folder),
        "told": told,
    }
    trainer = TorchTrainer(
        worker,
        train_loop_config=settings,
        scaling_config=ScalingConfig(
            num_workers=config.workers, use_gpu=gpus, resources_per_worker={"CPU": cpus}
        ),
        run_config=RunConfig(
            name=RAY,
            storage_path=str(folder),
            failure_config=FailureConfig(max_failures=retries),
            checkpoint_config=CheckpointConfig(num_to_keep=1),
        ),
    )
    try:
        with ctrl_c_returned():
            result = trainer.fit()
    except SystemExit:
        # Ray Train aborts its workers on Ctrl-C, and then leaves as if all had gone well.
        raise KeyboardInterrupt from None
    except Exception as error:
        raise _cause(error) from error
    finally:
        told.put(None)
        listener.join()  # it writes to MLflow, and so does whoever comes after this
        told.shutdown()
    if errors:
        raise errors[0]
    reported = None
    if result.checkpoint is not None:
        with result.checkpoint.as_directory() as last:
            reported = load_state(last)
    state = furthest(reported, kept_state(folder))
    if state is None:
        raise TrainingError("the workers ended without a checkpoint; see Ray's log in /tmp/ray")
    save_state(state, folder / CHECKPOINTS)


def nearby(config: TrainConfig | KeywordConfig, resources: Resources | None) -> Callable[..., Any]:
    """Calls a function with arguments on a node with a GPU, where the run trained on any; else
    here.
    """
    if resources is None or not check_room(config, resources)[1]:
        return lambda function, *args: function(*args)
    import ray

    def there(function: Callable[..., Any], *args: Any) -> Any:
        # Without retries: an error of the function comes again.
        task = ray.remote(num_cpus=1, num_gpus=1, max_retries=0)(function)
        return ray.get(task.remote(*args))

    return there


def _listen(told: Any, progress: Progress, errors: list[RaysignError]) -> None:
    while (item := told.get()) is not None:
        if isinstance(item, RaysignError):
            errors.append(item)
        elif isinstance(item, int):
            progress.resumed(item)
        else:
            progress(*item)


def _cause(error: BaseException) -> BaseException:
    """The error of a worker that says what to do, where there is one among the wrappings."""
    failures = getattr(error, "worker_failures", None) or {}
    for failure in [*failures.values(), error.__cause__]:
        inner = getattr(failure, "cause", None) or getattr(failure, "_base_exc", None) or failure
        if isinstance(inner, RaysignError | OSError):
            return inner
    return error
