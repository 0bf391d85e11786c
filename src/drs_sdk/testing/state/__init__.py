"""What the account remembers: the records of each family, how they are shown and refused."""
