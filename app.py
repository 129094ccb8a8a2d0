"""The Space's entry: build the page, with the settings of space.yaml beside this file if it is there, and serve it."""

from pathlib import Path

from space_app.page import build, serve
from space_app.settings import read_settings
from space_app.weights import prepare

settings = read_settings(file if (file := Path(__file__).with_name("space.yaml")).exists() else None)
prepare(settings)
page = build(settings)

if __name__ == "__main__":
    serve(page, settings)
