"""Search for the best encoder.

On a cluster: ``ray job submit --working-dir . -- python jobs/sweep.py --help``.
"""

from raysign.cli.sweep import sweep

if __name__ == "__main__":
    sweep()
