"""Submit a job as `ray job submit --working-dir .` does, and end as the job ended.

Ray's own command ends with 1 whatever a failed job's exit code was, and with 0 when the job was
stopped; and a job does not know which commit it runs, as its copy of the folder has no `.git`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from aiohttp import ClientError

from raysign.bundle import commit
from raysign.bundle.origin import COMMIT
from raysign.cli.door import BUG, INTERRUPTED, door
from raysign.errors import ConfigError, TrainingError
from raysign.tracking.tracker import user

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

ROOT = Path(__file__).parents[1]
STOP_S = "120"
"""How long `ray job stop` waits before it kills the job: time to keep what was found."""
HANDED_ON = (
    *("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"),
    *("MLFLOW_TRACKING_TOKEN", "RAY_JOB_STOP_WAIT_TIME_S"),
)
"""What the job takes over from this shell."""
POLL_S = 1.0
PATIENCE_S = 60.0
"""A cluster that does not answer for so long is not waited for."""


@door(
    example="python clusters/submit.py -- python jobs/sweep.py --data /shared/wlasl100 "
    "--out /shared/runs\n"
    "python clusters/submit.py --no-wait -- python jobs/train.py --out /shared/runs workers=4"
)
@click.option("--id", "submission_id", help="What the job is called (default: Ray makes it up).")
@click.option(
    "--working-dir",
    default=str(ROOT),
    metavar="FOLDER",
    help="What the job gets a copy of (default: this repository).",
)
@click.option("--env", multiple=True, metavar="KEY=VALUE", help="An environment variable.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the job.")
@click.argument("entrypoint", nargs=-1, required=True, type=click.UNPROCESSED)
def submit(
    submission_id: str | None,
    working_dir: str,
    env: tuple[str, ...],
    no_wait: bool,
    entrypoint: tuple[str, ...],
) -> int:
    """Run a command on the cluster at RAY_API_SERVER_ADDRESS, and end with its exit code.

    130: the job was stopped. Ctrl-C leaves it running.
    """
    from ray.exceptions import RayError
    from ray.job_submission import JobSubmissionClient

    if not (address := os.environ.get("RAY_API_SERVER_ADDRESS")):
        # Ray would look for any cluster that runs on this machine.
        raise ConfigError(
            "no cluster is named; type export RAY_API_SERVER_ADDRESS=http://HEAD:8265 with the "
            "address of its dashboard"
        )
    logging.disable(logging.WARNING)  # of Ray: every file that is left out, thrice
    handed = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    told = {"RAY_JOB_STOP_WAIT_TIME_S": STOP_S, COMMIT: commit(working_dir)} | handed
    told["LOGNAME"] = user()  # whose runs and decisions these are; there, all are by "ray"
    told |= dict(_pair(text) for text in env)
    try:
        client = JobSubmissionClient(address)
        job = client.submit_job(
            entrypoint=shlex.join(entrypoint),
            submission_id=submission_id,
            runtime_env={"working_dir": working_dir, "env_vars": told},
        )
    except (RayError, ConnectionError, RuntimeError, ValueError) as error:
        why = str(error).partition(". ")[0].rstrip(".")
        # Without a scheme, Ray takes it for another of a cluster's addresses.
        form = "" if "://" in address else f"; {address!r} lacks http:// of a dashboard's address"
        raise TrainingError(f"the job was not submitted: {why}{form}") from None
    click.echo(f"job {job}; ray job stop {job} ends it", err=True)
    if no_wait:
        return 0
    try:
        return asyncio.run(_follow(client, job))
    except KeyboardInterrupt:
        click.echo(f"the job goes on: ray job logs --follow {job}", err=True)
        raise


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise click.UsageError(f"--env takes KEY=VALUE, got {text!r}")
    return name, value


async def _follow(client: JobSubmissionClient, job: str) -> int:
    """What the job says, as it says it; then its exit code.

    Where the connection breaks it is followed again: the job does not need this process.
    """
    from ray.exceptions import RayError

    heard, answered = 0, time.monotonic()
    while True:
        try:
            known = heard  # the log comes from its beginning each time
            async for lines in client.tail_job_logs(job):
                new, known = lines[known:], max(0, known - len(lines))
                click.echo(new, nl=False)
                heard, answered = heard + len(new), time.monotonic()
            while not (info := client.get_job_info(job)).status.is_terminal():
                answered = time.monotonic()
                await asyncio.sleep(POLL_S)
            break
        # OSError: of requests too
        except (ClientError, OSError, RuntimeError, RayError) as error:
            if time.monotonic() - answered > PATIENCE_S:
                why = " ".join(str(error).split())[:200] or type(error).__name__
                raise TrainingError(
                    f"job {job} cannot be followed, the cluster does not tell of it ({why}); "
                    f"once it answers, ray job logs --follow {job} shows what became of it"
                ) from None
            await asyncio.sleep(POLL_S)
    if info.status.value == "STOPPED":
        return INTERRUPTED
    if info.status.value == "SUCCEEDED":
        return 0
    if info.driver_exit_code is None:  # it never began, or its node was lost
        raise TrainingError(f"job {job} failed: {info.message}")
    return int(info.driver_exit_code) or BUG


if __name__ == "__main__":
    submit()
