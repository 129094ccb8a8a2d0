import numpy as np

from eval.embedding import embed, similarity


def test_vectors_are_of_unit_length_and_do_not_depend_on_the_batch() -> None:
    texts = ["How do I end a process?", "A recipe for plum cake", "x" * 3000, *["filler"] * 40]
    vectors = embed(texts)
    assert vectors.shape == (43, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(embed(texts[1:2])[0], vectors[1], atol=1e-5)
    assert embed([]).shape == (0, 384)


def test_paraphrases_are_closer_than_other_requests() -> None:
    first = "How do I stop a frozen program in Linux?"
    alike, other = similarity([first, first], ["What ends a program that hangs in Linux?", "Who wrote Faust?"])
    assert alike > 0.6 > other
    assert similarity([first], [first])[0] > 0.999
