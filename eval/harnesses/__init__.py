"""The same datasets, judges and figures in other people's harnesses, and their logs as runs of ours.

`inspect/` has tasks for Inspect AI, `lm_eval/` those for lm-evaluation-harness; `imported` makes a run of a log.
"""
