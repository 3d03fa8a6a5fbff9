"""Train one encoder; ``ray job submit --working-dir . -- python jobs/train.py --help`` runs it on a cluster."""

from raysign.cli.train import train

if __name__ == "__main__":
    train()
