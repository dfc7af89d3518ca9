"""Settings that operators change while the daemon runs: versioned documents, validated as a whole."""
