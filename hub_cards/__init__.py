"""Templates of the cards on the Hub, and what fills them. A leaf: imports nothing of the project."""
