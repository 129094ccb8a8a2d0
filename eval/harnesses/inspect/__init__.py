"""Inspect AI (inspect.aisi.org.uk): `tasks` for its `inspect eval`, and `log`, which reads what that has written."""
