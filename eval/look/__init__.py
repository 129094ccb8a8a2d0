"""How every page looks: colours, sizes, and the pieces that the report, the change report and the Space share."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.look.heat import FLOOR, LEVELS
from eval.look.wording import KINDS, VERDICTS

HERE = Path(__file__).parent
NONE: Mapping[str, Callable[..., Any]] = MappingProxyType({})
# Characters that would be invisible, reorder the text around them or are not allowed in HTML.
_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"} | {0x7F: "\u2421"}
_HIDDEN = [*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
VISIBLE = _CONTROLS | {code: f"\u2039U+{code:04X}\u203a" for code in _HIDDEN}


def spoken(name: str) -> str:
    """A mitigation's or a type's name as it is read."""
    return name.replace("_", " ")


def points(difference: float) -> str:
    """A difference of shares, in whole percentage points."""
    whole = round(100 * difference)
    return f"+{whole}" if whole > 0 else f"\u2212{-whole}" if whole else "0"


class Templates:
    """The templates of a folder, which may include the pieces of this one: `render` is all that pages are made by."""

    def __init__(self, folder: Path, *, markup: bool = True, filters: Mapping[str, Callable[..., Any]] = NONE) -> None:
        """`markup`: they are of HTML, so that every value is escaped. `filters` are added to `spoken` and `points`."""
        loader = FileSystemLoader([folder, HERE])
        self._jinja = Environment(  # not escaped only for text  # nosec B701
            autoescape=markup, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._jinja.filters.update({"spoken": spoken, "points": points, **filters})
        self._jinja.globals |= {"verdicts": VERDICTS, "kinds": KINDS, "levels": LEVELS, "floor": FLOOR}
        self._markup = markup

    def render(self, template: str, **facts: Any) -> str:
        """The page; nothing of the data reaches it as markup or invisible."""
        text = self._jinja.get_template(template).render(facts)
        return text.translate(VISIBLE) if self._markup else text
