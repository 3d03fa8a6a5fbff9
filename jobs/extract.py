"""Extract landmarks from videos.

On a cluster: ``ray job submit --working-dir . -- python jobs/extract.py --help``.
"""

from raysign.cli.extract import extract

if __name__ == "__main__":
    extract()
