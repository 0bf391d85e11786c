"""What all listings share: pages, and the periods that filters name."""
