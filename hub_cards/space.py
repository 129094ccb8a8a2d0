"""The card of the Space, which the Hub also reads to know what to run."""

from collections.abc import Mapping, Sequence

from hub_cards.render import render

TITLE = "xsb: why did it refuse?"


def space_card(
    *, version: str, sdk_version: str, python_version: str, tabs: Mapping[str, str], examples: Sequence[str],
    models: Sequence[str], datasets: Sequence[str] = (),
) -> str:  # fmt: skip
    """The card of a Gradio Space with this project's `app.py`.

    Args:
        version: of the project.
        sdk_version: of Gradio.
        python_version: two numbers.
        tabs: what each tab of the page is for.
        examples: prompts to begin with.
        models: ids on the Hub of the models that it runs, or whose weights those were made of.
        datasets: ids on the Hub of the datasets that it shows.
    """
    from huggingface_hub.repocard_data import SpaceCardData  # reads its settings at import

    front = SpaceCardData(
        title=TITLE,
        emoji="\N{LEFT-POINTING MAGNIFYING GLASS}",
        colorFrom="gray",
        colorTo="blue",
        sdk="gradio",
        sdk_version=sdk_version,
        python_version=python_version,
        app_file="app.py",
        license="apache-2.0",
        hf_oauth=True,  # reviewers sign in, and so do contributors, in whose name a pull request is opened
        hf_oauth_scopes=["write-discussions"],
        short_description="Which word made a language model refuse?",
        models=list(models),
        datasets=list(datasets) or None,
        tags=["over-refusal", "exaggerated-safety", "attribution"],
    ).to_yaml()
    facts = {"version": version, "tabs": tabs, "examples": examples, "models": models, "datasets": datasets}
    return render("space.md", front=front, title=TITLE, **facts)
