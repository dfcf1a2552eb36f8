"""What notebooks show: runs, explanations, results and rows, as small HTML."""
