"""Measures why and how often language models refuse harmless requests, and what helps."""
