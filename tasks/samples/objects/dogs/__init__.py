"""Dogs of twelve breeds, standing, sitting or head and shoulders."""

from tasks.samples.objects.dogs.breed import Breed
from tasks.samples.objects.dogs.breeds import BREEDS
from tasks.samples.objects.dogs.facing import portrait, sitting
from tasks.samples.objects.dogs.standing import standing

__all__ = ["BREEDS", "Breed", "portrait", "sitting", "standing"]
