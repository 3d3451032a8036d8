"""What stands, grows, lives and drives in a landscape, each thing in metres on its own foot."""
