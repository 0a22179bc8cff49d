"""How Essaim is run: the local stack, images, topics."""
