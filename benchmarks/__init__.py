"""Side-by-side runs on one seeded workload: what Essaim does against what else could do it."""
