"""What each figure is compared with: the shortest way to the same effect, or the naive one."""
