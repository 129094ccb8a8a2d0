"""What the project says of itself: import directions, short modules and functions, names, no placeholders."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("builder", "eval", "hub_cards", "space_app")
OF_EVAL = (  # what builder uses of eval; without torch, as all that is TORCH_FREE
    "eval.record", "eval.words", "eval.errors", "eval.progress", "eval.twins", "eval.jsonl", "eval.models.account",
    "eval.models.budget", "eval.models.client", "eval.models.endpoint", "eval.models.ledger", "eval.models.structured",
    "eval.models.waiting", "eval.visible",
)  # fmt: skip
TORCH_FREE = (*OF_EVAL, "eval.models.openai")
MAY_IMPORT = {
    "hub_cards": (),
    "eval": ("hub_cards",),
    "builder": ("hub_cards", *OF_EVAL),
    "space_app": ("builder", "eval", "hub_cards"),
}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


ALL_OF_EVAL = ("builder/annotate.py", "builder/screen.py")  # they run models
LINES_OF_MODULE, LINES_OF_FUNCTION = 250, 60


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package: str) -> None:
    allowed = (package, *MAY_IMPORT[package])
    for path in modules(package):
        if path.relative_to(ROOT).as_posix() in ALL_OF_EVAL:
            continue
        ours = {name for name in imported(path) if name.split(".")[0] in PACKAGES}
        wrong = {name for name in ours if not any(name == a or name.startswith(f"{a}.") for a in allowed)}
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


def test_the_entry_of_the_space_imports_the_space_alone() -> None:
    assert {name.split(".")[0] for name in imported(ROOT / "app.py")} & set(PACKAGES) == {"space_app"}


def test_builder_uses_all_that_it_may_use_of_eval() -> None:
    """What it does not need any more is not allowed any more."""
    plain = [path for path in modules("builder") if path.relative_to(ROOT).as_posix() not in ALL_OF_EVAL]
    assert set(OF_EVAL) <= {name for path in plain for name in imported(path)}


def test_gradio_is_in_the_space_alone() -> None:
    others = [path for package in PACKAGES if package != "space_app" for path in modules(package)]
    assert [path for path in others if any(name.split(".")[0] == "gradio" for name in imported(path))] == []


def too_long(path: Path) -> list[str]:
    """The module and its functions, signature and docstring included, that are over the limits."""
    name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [n for n in functions if (n.end_lineno or 0) - n.lineno >= LINES_OF_FUNCTION]
    module = [name] if len(text.splitlines()) > LINES_OF_MODULE else []
    return [*module, *(f"{name}: {function.name}" for function in long)]


def test_modules_and_functions_are_short() -> None:
    found = [name for package in (*PACKAGES, "tests") for path in modules(package) for name in too_long(path)]
    assert found == []


def test_modules_are_named_after_what_is_in_them() -> None:
    vague = {"util", "utils", "helper", "helpers", "common", "misc"}
    assert [path for package in (*PACKAGES, "tests") for path in modules(package) if path.stem in vague] == []


def test_attention_hooks_live_in_one_file() -> None:
    users = [
        p for package in PACKAGES for p in modules(package) if "AttentionInterface" in p.read_text(encoding="utf-8")
    ]
    assert [p.relative_to(ROOT).as_posix() for p in users] == ["eval/mitigation/steer.py"]


def test_no_torch_at_import() -> None:
    """One after the other in one process, which ends at the first that brings torch."""
    modules = (
        "builder.cli", "eval.cli", "eval.diagnose", "eval.harnesses.inspect.tasks", "eval.serve.run",
        "eval.serve.upstream", "hub_cards.push", "hub_cards.render", *TORCH_FREE,
    )  # fmt: skip
    code = (
        "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\n"
        "    'torch' in sys.modules and sys.exit(f'{name} imports torch')"
    )
    done = subprocess.run([sys.executable, "-c", code, *modules], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_entry_of_the_space_is_short() -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) < 15


def test_no_placeholders() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|lorem ipsum|NotImplementedError)\b", re.IGNORECASE)
    for package in PACKAGES:
        for path in modules(package):
            assert not marks.search(path.read_text(encoding="utf-8")), path


def test_requirements_name_the_dependencies_of_the_project() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[<>=]", entry)[0] for entry in project["dependencies"]}
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert {line for line in lines if line and not line.startswith(("#", "-"))} == needed


def test_every_dependency_is_pinned() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    own = [entry for entry in extras["dev"] if entry.startswith("xsb[")]  # dev has other extras in it
    inside = [extra for entry in own for extra in re.findall(r"[\w-]+", entry)[1:]]
    named = [*project["dependencies"], *(set(extras["dev"]) - set(own)), *(e for name in inside for e in extras[name])]
    needed = {re.split(r"[<>=\[]", entry)[0].lower().replace("_", "-") for entry in named}
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[\w.-]+==[\w.!+]+", line) for line in pins)
    assert needed <= {line.split("==")[0].lower().replace("_", "-") for line in pins}


def test_the_citation_names_this_version_and_the_paper() -> None:
    import tomllib

    import yaml

    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (cited["version"], cited["license"]) == (project["version"], "Apache-2.0")
    assert cited["references"][0]["url"].endswith("2510.08158")
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
