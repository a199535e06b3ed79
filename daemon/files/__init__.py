"""Files in and out: imports, exports and dossiers."""
