"""The YAML files of records, read and written."""
