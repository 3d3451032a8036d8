"""What backgrounds are made of."""
