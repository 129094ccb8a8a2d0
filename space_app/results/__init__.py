"""The Results tab: runs compared."""
