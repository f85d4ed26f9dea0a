"""For those who count and check: statistics, fees, held stamps, histories, audit trail."""
