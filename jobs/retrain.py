"""Train the champion again, and promote the result if it is better beyond noise.

On a cluster: ``ray job submit --working-dir . -- python jobs/retrain.py --help``.
"""

from raysign.cli.retrain import retrain

if __name__ == "__main__":
    retrain()
