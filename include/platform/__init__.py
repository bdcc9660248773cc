"""The embedded platform: a real Airflow on one machine, started, watched and stopped by one command."""
