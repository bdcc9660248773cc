"""The YAML files a user writes, as frozen objects."""
