"""Speed, measured in ratios against peers in the same run."""
