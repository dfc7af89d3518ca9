"""One module per verb or group of verbs: parse, call, show."""
