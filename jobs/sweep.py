"""Search for the best encoder; ``ray job submit --working-dir . -- python jobs/sweep.py --help`` runs it on a cluster."""

from raysign.cli.sweep import sweep

if __name__ == "__main__":
    sweep()
