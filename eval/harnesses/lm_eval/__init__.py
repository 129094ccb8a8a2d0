"""lm-evaluation-harness: `tasks` behind the YAML files beside it, and `log`, which reads the samples that it writes."""
