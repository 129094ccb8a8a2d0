"""`--config`: the options of a command from a YAML file; what is given on the command line comes first."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import typer
import yaml

from eval.errors import InputError, UnknownName, one_line

SHIPPED = Path(__file__).parents[1] / "paper.yaml"


def read_settings(context: typer.Context, path: Path | None) -> Path | None:
    """Take the options in the file as the command's defaults; `paper` is the file that is shipped.

    Raises:
        InputError: the file cannot be read, is no mapping, or gives an option twice or no value that it could have.
        UnknownName: the command has no such option.
    """
    if path is None:
        return None
    if str(path) == SHIPPED.stem and not path.exists():
        path = SHIPPED
    known = {parameter.name for parameter in context.command.params if parameter.name} - {"config"}
    context.default_map = dict(as_typed(path, read_mapping(path), known))
    return path


def as_typed(path: Path, content: Mapping[Any, Any], known: Collection[str]) -> dict[str, str]:
    """The options in a mapping of a file, as they would be typed, by the names of their parameters.

    Raises:
        InputError: an option is given twice, or no value that it could have.
        UnknownName: there is no such option.
    """
    found = {}
    for key, value in content.items():
        name = str(key).replace("-", "_")
        if name not in known:
            raise UnknownName(f"option in {path}:", str(key), (one.replace("_", "-") for one in known))
        if name in found:
            raise InputError(f"{path} gives {key} twice; keep one of them")
        if value is not None:
            found[name] = _text(path, key, value)
    return found


def read_mapping(path: Path) -> dict[Any, Any]:
    """The mapping in a YAML file; `InputError` if it cannot be read or holds none."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is no YAML: {one_line(error)}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold options such as `model: skittish`, one a line")
    return content


def _text(path: Path, key: object, value: object) -> str:
    """The value as it would be typed; a list with commas."""
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str | int | float) for one in values):
        raise InputError(f"{key} in {path} must be a text, a number, or a list of them")
    return ",".join(map(str, values))
