"""What turns a candidate's data into a result. `base` is the seam; `rules` works offline and invents nothing."""
