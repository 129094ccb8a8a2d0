"""The errors of this package."""


class HubError(Exception):
    """Something that cannot be done on the Hub; its text is one line that says what to do."""


class Outdated(HubError):
    """The repository was changed since it was looked at; nothing was done, and it has to be looked at anew."""
