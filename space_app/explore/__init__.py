"""The Explore tab: the records of the datasets."""
