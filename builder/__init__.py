"""Makes the datasets XSB and MS-XSB: reads, checks, counts and releases the records. No torch at import."""
