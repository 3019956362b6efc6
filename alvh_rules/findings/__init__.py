"""What commands have found, in the formats that people and machines read, and the codes explained."""
