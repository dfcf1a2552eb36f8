"""What a heart rate can be."""

LOWEST_BPM, HIGHEST_BPM = 20, 250
