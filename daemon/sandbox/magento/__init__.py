"""The simulated Magento 2.4.7: its state and its REST services."""
