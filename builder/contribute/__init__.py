"""For people who contribute: files to begin with, and checks of what they changed."""
