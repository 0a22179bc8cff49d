"""Who is told what, when, and in which words: pure decisions over matches, preferences and contacts."""
