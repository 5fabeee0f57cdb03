"""The worker process: dispatches accepted rows and runs their workflows and activities."""
