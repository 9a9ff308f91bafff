"""The memo: why a plan is rejected, what that costs this experiment, and which changes comply."""
