"""The Gradio page. It shows what `eval` and `builder` return and computes no metric of its own."""
