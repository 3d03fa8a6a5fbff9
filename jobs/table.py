"""Set models beside the published table.

On a cluster: ``ray job submit --working-dir . -- python jobs/table.py --help``.
"""

from raysign.cli.table import table

if __name__ == "__main__":
    table()
