"""Croissant metadata of a release: what its files and columns are, for machines (mlcommons.org/croissant)."""

import json
from collections.abc import Mapping, Sequence

import mlcroissant as mlc
import pyarrow as pa

from builder.schema import COLUMNS, SCHEMAS
from eval.errors import XsbError

TYPES = {pa.string(): mlc.DataType.TEXT, pa.int64(): mlc.DataType.INTEGER, pa.float64(): mlc.DataType.FLOAT}
ABOUT = {
    "name": "xsb",
    "description": "Harmless requests that sound harmful, with unsafe contrasts, the words that cause refusals (Focus) "
    "and a neutral replacement for each: single prompts (xsb) and dialogues (ms_xsb).",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "url": "https://arxiv.org/abs/2510.08158",
    "cite_as": "Yuan et al., Beyond Over-Refusal, arXiv 2510.08158, 2025",
    "in_language": "en",
}


def croissant(hashes: Mapping[str, str], version: str, canary: str) -> str:
    """The metadata of one version as JSON-LD.

    Args:
        hashes: SHA-256 of each parquet file by its path in the release, `<config>/<split>.parquet`.
        version: of the release, three numbers.
        canary: the text that marks the dataset.

    Raises:
        XsbError: mlcroissant finds an error in them.
    """
    files = [
        mlc.FileObject(id=path, name=path, content_url=path, encoding_formats=["application/x-parquet"], sha256=digest)
        for path, digest in hashes.items()
    ]
    try:
        sets = [_record_set(path) for path in hashes]
        about = {**ABOUT, "version": version, "data_use_cases": [canary]}
        metadata = mlc.Metadata(**about, distribution=files, record_sets=sets)
    except mlc.ValidationError as error:
        raise XsbError(f"no valid Croissant metadata: {error}") from error
    return json.dumps(metadata.to_json(), indent=2, ensure_ascii=False) + "\n"


def _record_set(path: str) -> mlc.RecordSet:
    config, split = path.removesuffix(".parquet").split("/")
    name = f"{config}_{split}"
    return mlc.RecordSet(
        id=name,
        name=name,
        description=f"The split {split} of the config {config}, a record per row.",
        key=f"{name}/id",
        fields=[_field(f"{name}/{column.name}", path, column.name, column.type) for column in SCHEMAS[config]],
    )


def _field(name: str, path: str, column: str, kind: pa.DataType, inside: Sequence[str] = ()) -> mlc.Field:
    """One column, or what lies `inside` of a struct column."""
    repeated = pa.types.is_list(kind)
    item = kind.value_type if repeated else kind
    source = mlc.Source(
        file_object=path,
        extract=mlc.Extract(column=column),
        transforms=[mlc.Transform(json_path=key) for key in inside],
    )
    described = COLUMNS[column] if not inside else f"`{inside[-1]}` of `{column}`"
    if pa.types.is_struct(item):
        parts = [_field(f"{name}/{part.name}", path, column, part.type, (*inside, part.name)) for part in item]
        return mlc.Field(id=name, name=name, description=described, repeated=repeated, sub_fields=parts)
    return mlc.Field(
        id=name, name=name, description=described, data_types=[TYPES[item]], source=source, repeated=repeated
    )
