"""Face detectors: where faces are in a photo. One file each."""
