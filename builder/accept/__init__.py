"""Candidates that reviewers agreed on become records."""
