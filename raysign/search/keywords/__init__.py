"""Words and examples, looked for in many sentences: which have them, how surely, and where."""
