"""Where the files lie that come with the package."""

from pathlib import Path

HERE = Path(__file__).parent
RECORDS, REVIEWS, TWINS, GUIDELINES = HERE / "records", HERE / "reviews", HERE / "twins.json", HERE / "GUIDELINES.md"
