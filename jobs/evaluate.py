"""Measure a model; ``ray job submit --working-dir . -- python jobs/evaluate.py --help`` runs it on a cluster."""

from raysign.cli.evaluate import evaluate

if __name__ == "__main__":
    evaluate()
