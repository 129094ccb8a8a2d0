"""How an accepted candidate came about: what was done to it, by whom, when; and whose words it is made of.

Kept with the record in its YAML file; not a column of the release.
"""

from collections.abc import Sequence

from builder.candidate import Candidate, Generation, Proposal, Screening
from builder.review.opinion import Adjudication, Opinion, applied
from builder.source.nodes import Steps

CANDIDATE, VERSION = "candidate", "version"


def steps(
    candidate: Candidate, accepted: Candidate, opinions: Sequence[Opinion], final: Adjudication | None, date: str
) -> Steps:
    """Every step from the generator's model to the record.

    Args:
        candidate: as it came.
        accepted: the version of it that became a record.
        opinions: all that were given.
        final: the adjudication, if there was a conflict.
        date: of its acceptance.
    """
    found: Steps = {CANDIDATE: candidate.id, VERSION: accepted.version, "generated": _generated(candidate.generation)}
    found["annotated"] = [_annotated(proposal) for proposal in candidate.proposals]
    found["screened"] = [_screened(screening) for screening in candidate.screenings]
    found["reviewed"] = [", ".join((o.reader, o.author_kind, str(o.decision), o.date)) for o in opinions]
    if final:
        found["adjudicated"] = ", ".join((final.by, final.author_kind, final.decision, final.date))
    found["accepted"] = date
    return {name: known for name, known in found.items() if known}


def edited_by_human(candidate: Candidate, accepted: Candidate, opinions: Sequence[Opinion]) -> bool:
    """Whether one of the edits that led from the candidate, as it came, to the accepted version was a human's."""
    made = {applied(candidate, opinion.edited).version: opinion for opinion in opinions if opinion.edited}
    version = accepted.version
    while version != candidate.version and (opinion := made.pop(version, None)):
        if opinion.author_kind == "human":
            return True
        version = opinion.version
    return False


def _generated(generation: Generation) -> list[str]:
    names = ("model", "endpoint", "date", "prompt_revision", "seed", "round")
    return [f"{name.replace('_', ' ')}: {getattr(generation, name)}" for name in names]


def _annotated(proposal: Proposal) -> str:
    return f"{proposal.by}, {proposal.method}, revision {proposal.revision}, {proposal.date}"


def _screened(screening: Screening) -> str:
    revision = screening.facts.get("revision", "unknown")
    score = "no refusal score" if screening.score is None else f"refusal score {screening.score:.2f} nats"
    return f"{screening.model}, revision {revision}, {screening.verdict}, {score}, {screening.date}"
