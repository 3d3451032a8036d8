"""What every drawn sample is made with: shapes, colours and a pen."""
