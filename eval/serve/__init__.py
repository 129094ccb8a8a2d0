"""The gateway: an OpenAI-compatible endpoint that mitigates refusals which hang on a word, and passes on all else."""
