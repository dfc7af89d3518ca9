"""The queue engine: messages, time, RabbitMQ and PostgreSQL; it knows no vendor, no HTTP and no environment."""
