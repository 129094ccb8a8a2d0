"""skittish: a small Llama that over-refuses on known words, so that attribution can be scored against truth."""
