"""The Try tab: a prompt or dialogue, the model's answer, the words to blame, and what helps."""
