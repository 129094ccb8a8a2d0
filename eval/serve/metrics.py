"""Counters of the gateway in Prometheus' form (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from eval.serve.outcome import Outcome

MILLISECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Of one gateway, in a registry of its own."""

    def __init__(self) -> None:
        """All at 0."""
        self.registry = CollectorRegistry()
        at = self.registry
        self._requests = Counter(
            "xsb_requests", "Requests for a chat completion, by outcome.", ["outcome"], registry=at
        )
        self._interventions = Counter("xsb_interventions", "Refusals looked into, by result.", ["result"], registry=at)
        self._tokens = Counter(
            "xsb_tokens", "Tokens as told: of answers returned, and beyond them.", ["kind"], registry=at
        )
        self._overhead = Histogram(
            "xsb_overhead_seconds", "Time of the gateway itself where no refusal was looked into: whole answers.",
            buckets=MILLISECONDS, registry=at,
        )  # fmt: skip
        self._held = Histogram(
            "xsb_held_seconds", "Time from a stream's first event to its release.", buckets=SECONDS, registry=at
        )
        self._intervening = Histogram(
            "xsb_intervention_seconds",
            "Time from a refusal to the answer that is returned.",
            buckets=SECONDS,
            registry=at,
        )

    def answered(self, outcome: Outcome) -> None:
        """A request, and what became of it."""
        self._requests.labels(outcome.result).inc()
        if outcome.kind:
            self._interventions.labels(outcome.kind).inc()
            self._intervening.observe(outcome.seconds)
            self._tokens.labels("extra").inc(outcome.tokens)

    def used(self, prompt: int, completion: int) -> None:
        """The usage of an answer that is returned."""
        self._tokens.labels("prompt").inc(prompt)
        self._tokens.labels("completion").inc(completion)

    def overhead(self, seconds: float) -> None:
        """Of one whole answer."""
        self._overhead.observe(seconds)

    def held(self, seconds: float) -> None:
        """Of one stream."""
        self._held.observe(seconds)

    def text(self) -> bytes:
        """What Prometheus reads."""
        return generate_latest(self.registry)
