"""The files of the steps: each reads by default what the step before writes, so that in a folder none needs a name."""

from pathlib import Path

GENERATED, ANNOTATED, KEPT, SCREENED = (
    Path(f"{step}.jsonl") for step in ("generated", "annotated", "kept", "screened")
)
