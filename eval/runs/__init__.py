"""Runs: a folder with config, samples and report, that can be killed at any moment and goes on where it was."""
