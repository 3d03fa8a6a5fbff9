"""The page where a learner finds the sign, and the typed API beneath it.

:func:`raysign.serve.app.create_app` makes the application of an opened dictionary; one process runs
it, or Ray Serve several (:mod:`raysign.serve.cluster`). The page in ``web/`` uses nothing but the
API, whose words stand in :mod:`raysign.serve.words`.
"""
