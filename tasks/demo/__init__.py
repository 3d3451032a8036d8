"""One HTML file in which models answer: no server, no network. See README.md beside this file."""
