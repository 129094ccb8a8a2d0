"""The commands of `xsb-eval`, one file each; what they need of torch is imported when they run."""
