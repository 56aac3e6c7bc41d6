"""What hides a face, or a part of it: drawn on training faces so that networks meet more than ten kinds of masks."""
