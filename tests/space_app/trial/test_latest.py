from space_app.trial.latest import PAGES, Latest


def test_a_question_is_given_up_when_its_page_asks_another() -> None:
    latest = Latest()
    first, elsewhere = latest.ask("one"), latest.ask("other")
    assert not first()
    second = latest.ask("one")
    assert first() and not second() and not elsewhere()


def test_pages_that_asked_long_ago_are_forgotten_without_giving_up_their_question() -> None:
    latest = Latest()
    first = latest.ask("first")
    for number in range(PAGES):
        latest.ask(str(number))
    assert not first()
    assert len(latest._asked) == PAGES
