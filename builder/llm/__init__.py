"""Asking a language model: prompts, answers, and what was paid for."""
