"""Measures why and how often language models refuse harmless requests, and what helps.

One prompt from end to end is `diagnose`; many, with figures, are `runs`; `cli` and `commands` are the command line.

- What goes in: `record` (the one row type), `load` (any dataset), `suites` (adversarial wordings), `words` (what a
  feature is), `twins` (the same prompt without its trigger).
- Models: `models` (one protocol, transformers, endpoints, skittish), `adapters` (LoRA), `embedding` (a small encoder).
- The refusal score: `target` (what is scored), `removal` (how words are taken out), `score` (with open weights: the hot
  path), `calls` (of models that give text alone), `evaluations` (how far a score is).
- What explains and what helps: `attribution`, `mitigation`, `refusal_direction` (used by both), `fitted` (what was
  fitted per model), `harm` (the guard's reader of requests).
- Verdicts: `judges`, `refusals` (of many answers, by the judge `rules`).
- Around them: `serve` (a gateway), `harnesses` (Inspect AI, lm-evaluation-harness), `organism` (how skittish is made),
  `bench` (how right and how fast), `look` (how it reads on the terminal, in pages and pictures), `metric_cards`.
- Below them: `errors`, `jsonl`, `progress`, `statistics`, `visible`.
"""
