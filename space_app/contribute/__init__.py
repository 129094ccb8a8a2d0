"""The Contribute tab: a new prompt or scenario, checked while it is typed."""
