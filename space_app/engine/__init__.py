"""The models that visitors may ask, and the order in which they are served. All that runs a model is here."""
