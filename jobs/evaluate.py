"""Measure a model: `ray job submit --working-dir . -- python jobs/evaluate.py --help`."""

from raysign.cli.evaluate import evaluate

if __name__ == "__main__":
    evaluate()
