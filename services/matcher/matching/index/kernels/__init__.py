"""What is compiled: the loops of the engine, in whole numbers, by the formulas of `criteria`."""
