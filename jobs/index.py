"""Make a gallery to search in, or change which clips are in it.

On a cluster: ``ray job submit --working-dir . -- python jobs/index.py --help``.
"""

from raysign.cli.index import index

if __name__ == "__main__":
    index()
