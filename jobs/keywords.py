"""Train a model that finds words in continuous signing.

On a cluster: ``ray job submit --working-dir . -- python jobs/keywords.py --help``.
"""

from raysign.cli.keywords.train import train

if __name__ == "__main__":
    train()
