"""Bad inputs for every command and endpoint: tables of them, and what each must be answered."""
