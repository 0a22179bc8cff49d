"""Reference facts that ship with Essaim: territories, taxonomy, funds and French geography, with typed loaders."""
