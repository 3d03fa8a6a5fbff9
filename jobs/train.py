"""Train one encoder.

On a cluster: ``ray job submit --working-dir . -- python jobs/train.py --help``.
"""

from raysign.cli.train import train

if __name__ == "__main__":
    train()
