"""A simulated Magento store with fault switches: for trying the connector, for tests and for compose; never in production."""
