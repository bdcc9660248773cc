"""What DAG files share; the only code of Nightshift that knows Airflow."""
