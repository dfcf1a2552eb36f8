"""Why a result is as it is: what changed, what differs, and where each row came from."""
