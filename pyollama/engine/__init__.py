"""Slots, KV pages, batches, sampling: token ids only."""
