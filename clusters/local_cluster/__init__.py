"""A cluster of several Ray nodes on one machine, with MLflow on PostgreSQL and shared storage."""
