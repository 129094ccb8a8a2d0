"""The tab in which people review candidates: `tab` shows, `desk` decides what follows, `look` writes the HTML."""
