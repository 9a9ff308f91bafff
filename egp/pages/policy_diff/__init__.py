"""Two policies compared: what changed between them, and which plans one accepts and the other rejects."""
