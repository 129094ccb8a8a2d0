"""How fast the builder's steps are, and how much memory they take."""
