"""Who changed what over HTTP: what an edit conflict shows beside the current state."""
