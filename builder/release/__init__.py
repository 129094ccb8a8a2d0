"""What is published: data, card, metadata, build report."""
