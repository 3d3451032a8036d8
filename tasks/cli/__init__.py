"""From a command line to a checked configuration: composition, messages, sweeps and their jobs."""
