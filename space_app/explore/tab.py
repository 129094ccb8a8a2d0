"""The Explore tab: the records of the datasets. All Gradio of it is here."""

import gradio as gr

from space_app.place import Place


def build(place: Place) -> None:
    """Add the tab to the page that is being built."""
    gr.HTML("<p class='xsb'>explore</p>", apply_default_css=False)
