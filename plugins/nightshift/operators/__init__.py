"""One thin operator a step: resolve the installation, call one function of ``include``, return small JSON."""
