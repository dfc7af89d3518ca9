"""A simulated Magento store with fault switches: for trying, for tests and for compose; never in production."""
