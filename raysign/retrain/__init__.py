"""A champion trained again: candidate and champion on the same queries, and who stays.

The candidate is trained from the champion's recipe, or from a sweep's best, on the data as they are
now. It takes the champion's place where it is better beyond noise on every protocol that is
declared a gate: the champion changes only if all of them agree, so more gates make a false
promotion rarer, never likelier.
"""

from raysign.retrain.plan import Plan, make_plan
from raysign.retrain.run import Retrained, retrain

__all__ = ["Plan", "Retrained", "make_plan", "retrain"]
