"""What many architectures are built from; each part reads, checks and loads its own weights."""
