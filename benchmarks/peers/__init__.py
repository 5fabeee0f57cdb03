"""Small clean programs of other makes, each as it would run in production."""
