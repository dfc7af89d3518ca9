"""RabbitMQ: topology, publisher, source of deliveries, and what the broker itself gives up on."""
