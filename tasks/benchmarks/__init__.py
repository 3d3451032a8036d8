"""Speed compared with torchvision and timm, one module for each kind of head."""
