"""Leads to `builder.source.read` until tests/eval/organism/test_data.py imports from there."""

from builder.source.read import read_folder as read_folder
