"""A language model writes candidates, in rounds if need be."""
