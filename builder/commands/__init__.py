"""One file per group of commands of xsb-build; each command reads its arguments, calls one function, and prints."""
