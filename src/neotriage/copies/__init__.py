"""Copy numbers from depth: windows that a sample's depth is held against, and SMN1 and SMN2."""
