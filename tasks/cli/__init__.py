"""From a command line to a checked configuration: composing, messages, sweeps and their jobs."""
