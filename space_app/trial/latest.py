"""Which question of a visitor's page is its latest: an earlier one is given up."""

from collections import OrderedDict
from collections.abc import Callable
from itertools import count

PAGES = 10_000  # open pages that are known at once; the page that asked longest ago is forgotten first


class Latest:
    """Counts questions by page; no question is kept."""

    def __init__(self) -> None:
        """No page has asked yet."""
        self._numbers, self._asked = count(1), OrderedDict[str, int]()

    def number(self) -> int:
        """One that was not given before."""
        return next(self._numbers)

    def ask(self, page: str) -> Callable[[], bool]:
        """Note a question of the page; the function says whether another came after it."""
        number = self._asked[page] = self.number()
        self._asked.move_to_end(page)
        while len(self._asked) > PAGES:
            self._asked.popitem(last=False)
        return lambda: self._asked.get(page, number) != number
