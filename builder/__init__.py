"""Makes the datasets XSB and MS-XSB: candidates become records, records a release. No torch at import."""
