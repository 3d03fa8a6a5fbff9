"""One sentence on one time axis: where signs begin and end, and where an example is found again."""
