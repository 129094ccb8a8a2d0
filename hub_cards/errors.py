"""The one error of this package."""


class HubError(Exception):
    """Something that cannot be done on the Hub; its text is one line that says what to do."""
