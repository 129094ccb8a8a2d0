"""The Space's entry: build the page and serve it."""

from space_app.page import build, serve

page = build()

if __name__ == "__main__":
    serve(page)
