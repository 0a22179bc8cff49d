"""Fits, with scikit-learn, what `shared/text` predicts from: the vocabulary and the classifier."""
