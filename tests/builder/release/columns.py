"""The columns of the parquet files, in their order."""

SHARED = ["type", "label", "focus", "focus_spans", "neutral", "pattern", "pair_id", "topic", "why", "source",
          "author_kind", "review", "version"]  # fmt: skip
COLUMNS = {"xsb": ["id", "prompt", *SHARED], "ms_xsb": ["id", "scenario_id", "messages", "trigger_turn", *SHARED]}
