"""What readers think of texts, what reviewers decide about candidates, and how far they agree."""
